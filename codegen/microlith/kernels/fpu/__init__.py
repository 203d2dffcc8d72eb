# SPDX-License-Identifier: Apache-2.0
"""Kernels in single precision for cores with a floating-point unit: Cortex-M4F, M7, M33 and later
ones."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.fpu import (
    conv,
    depthwise,
    elementwise,
    fully_connected,
    hybrid,
    winograd,
)

KERNELS: tuple[Kernel, ...] = (
    *conv.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *hybrid.KERNELS,
    *winograd.KERNELS,
)
