# SPDX-License-Identifier: Apache-2.0
"""Kernels chosen by measurement: `microlith tune` writes a file, `--tuned` reads it."""
