# SPDX-License-Identifier: Apache-2.0
"""Kernels in plain C, for every target."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.portable import (
    activation,
    activation_s16,
    conv,
    conv_s16,
    depthwise,
    elementwise,
    elementwise_s16,
    fully_connected,
    fully_connected_s16,
    global_pooling,
    hybrid,
    pooling,
    pooling_s16,
    quantize,
    reduce,
    reduce_s16,
    shape,
    softmax,
    softmax_s16,
)

KERNELS: tuple[Kernel, ...] = (
    *activation.KERNELS,
    *activation_s16.KERNELS,
    *conv.KERNELS,
    *conv_s16.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *elementwise_s16.KERNELS,
    *fully_connected.KERNELS,
    *fully_connected_s16.KERNELS,
    *global_pooling.KERNELS,
    *hybrid.KERNELS,
    *pooling.KERNELS,
    *pooling_s16.KERNELS,
    *quantize.KERNELS,
    *reduce.KERNELS,
    *reduce_s16.KERNELS,
    *shape.KERNELS,
    *softmax.KERNELS,
    *softmax_s16.KERNELS,
)
