# SPDX-License-Identifier: Apache-2.0
"""All backends, each an explicit tuple of kernels."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.dsp import conv as dsp_conv
from microlith.kernels.portable import (
    activation,
    conv,
    depthwise,
    elementwise,
    fully_connected,
    pooling,
    quantize,
    reduce,
    shape,
    softmax,
)

PORTABLE: tuple[Kernel, ...] = (
    *activation.KERNELS,
    *conv.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *pooling.KERNELS,
    *quantize.KERNELS,
    *reduce.KERNELS,
    *shape.KERNELS,
    *softmax.KERNELS,
)

DSP: tuple[Kernel, ...] = (*dsp_conv.KERNELS,)

BACKENDS: dict[str, tuple[Kernel, ...]] = {"portable": PORTABLE, "dsp": DSP}
