# SPDX-License-Identifier: Apache-2.0
"""Reports of programs and measurements, for people."""
