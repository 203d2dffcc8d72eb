# SPDX-License-Identifier: Apache-2.0
"""Kernels with Helium, the vector extension of Armv8.1-M (MVE): Cortex-M55, Cortex-M85."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.helium import (
    conv,
    conv_three,
    depthwise,
    depthwise_s16,
    depthwise_single,
    elementwise,
    float_conv,
    float_depthwise,
    float_elementwise,
    float_fully_connected,
    fully_connected,
    pooling,
)

KERNELS: tuple[Kernel, ...] = (
    *conv.KERNELS,
    *conv_three.KERNELS,
    *depthwise.KERNELS,
    *depthwise_s16.KERNELS,
    *depthwise_single.KERNELS,
    *elementwise.KERNELS,
    *float_conv.KERNELS,
    *float_depthwise.KERNELS,
    *float_elementwise.KERNELS,
    *float_fully_connected.KERNELS,
    *fully_connected.KERNELS,
    *pooling.KERNELS,
)
