# SPDX-License-Identifier: Apache-2.0
"""Kernels in plain C, for every target."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.portable import (
    activation,
    conv,
    conv_s16,
    depthwise,
    elementwise,
    fully_connected,
    fully_connected_s16,
    global_pooling,
    hybrid,
    pooling,
    quantize,
    reduce,
    shape,
    softmax,
)

KERNELS: tuple[Kernel, ...] = (
    *activation.KERNELS,
    *conv.KERNELS,
    *conv_s16.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *fully_connected_s16.KERNELS,
    *global_pooling.KERNELS,
    *hybrid.KERNELS,
    *pooling.KERNELS,
    *quantize.KERNELS,
    *reduce.KERNELS,
    *shape.KERNELS,
    *softmax.KERNELS,
)
