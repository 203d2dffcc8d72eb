# SPDX-License-Identifier: Apache-2.0
"""Kernels for cores with the DSP extension: Cortex-M4, M7, M33 and later ones."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.dsp import (
    conv,
    conv_line,
    conv_quads,
    conv_s16,
    conv_smlal,
    depthwise,
    depthwise_3x3,
    depthwise_s16,
    elementwise,
    fully_connected,
    fully_connected_s16,
    global_pooling,
    pooling,
    winograd,
)

KERNELS: tuple[Kernel, ...] = (
    *conv.KERNELS,
    *conv_line.KERNELS,
    *conv_quads.KERNELS,
    *conv_s16.KERNELS,
    *conv_smlal.KERNELS,
    *depthwise.KERNELS,
    *depthwise_3x3.KERNELS,
    *depthwise_s16.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *fully_connected_s16.KERNELS,
    *global_pooling.KERNELS,
    *pooling.KERNELS,
    *winograd.KERNELS,
)
