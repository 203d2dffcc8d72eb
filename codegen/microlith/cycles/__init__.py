# SPDX-License-Identifier: Apache-2.0
"""Estimated cycles: exact counts of instructions, weighed by what is published of a core."""
