# SPDX-License-Identifier: Apache-2.0
"""Kernels that call CMSIS-NN, Arm's library, whose sources the user brings along."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.cmsis_nn import (
    activation_s16,
    conv,
    conv_s16,
    depthwise,
    elementwise,
    elementwise_s16,
    fully_connected,
    fully_connected_s16,
    int4,
    pooling,
    pooling_s16,
    softmax,
)

KERNELS: tuple[Kernel, ...] = (
    *activation_s16.KERNELS,
    *conv.KERNELS,
    *conv_s16.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *elementwise_s16.KERNELS,
    *fully_connected.KERNELS,
    *fully_connected_s16.KERNELS,
    *int4.KERNELS,
    *pooling.KERNELS,
    *pooling_s16.KERNELS,
    *softmax.KERNELS,
)
