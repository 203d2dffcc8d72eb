# SPDX-License-Identifier: Apache-2.0
"""Kernels with Helium, the vector extension of Armv8.1-M (MVE): Cortex-M55, Cortex-M85."""
