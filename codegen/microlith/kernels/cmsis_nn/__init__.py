# SPDX-License-Identifier: Apache-2.0
"""Kernels that call CMSIS-NN, Arm's library, whose sources the user brings along."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.cmsis_nn import (
    conv,
    depthwise,
    elementwise,
    fully_connected,
    pooling,
    softmax,
)

KERNELS: tuple[Kernel, ...] = (
    *conv.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *pooling.KERNELS,
    *softmax.KERNELS,
)
