# SPDX-License-Identifier: Apache-2.0
"""Kernels in plain C, for every target."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.portable import (
    activation,
    conv,
    depthwise,
    elementwise,
    fully_connected,
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
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *hybrid.KERNELS,
    *pooling.KERNELS,
    *quantize.KERNELS,
    *reduce.KERNELS,
    *shape.KERNELS,
    *softmax.KERNELS,
)
