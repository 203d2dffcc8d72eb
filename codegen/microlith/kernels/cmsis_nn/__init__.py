# SPDX-License-Identifier: Apache-2.0
"""Kernels that call CMSIS-NN, Arm's library, whose sources the user brings along."""
