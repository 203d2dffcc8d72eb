# SPDX-License-Identifier: Apache-2.0
"""What flows through the compiler: Graph (what to compute) and Program (how, on one target)."""
