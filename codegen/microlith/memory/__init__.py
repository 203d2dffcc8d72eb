# SPDX-License-Identifier: Apache-2.0
"""The arena: what must be live when (`lifetimes`), how few bytes that can take (`bounds`), where
each buffer goes (`bestfit`, `exact`, put together by `plan`), and a checker that trusts none of
them (`check`)."""
