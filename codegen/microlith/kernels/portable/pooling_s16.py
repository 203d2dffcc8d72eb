# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D of int16 in portable C."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.portable.pooling import PoolKernel, taps
from microlith.kernels.quantize_math import activation_range

MOST_TAPS = 1 << 15
"""Elements of a window whose int16 sum surely fits 32 bits, half a divisor included."""


class PoolInt16Kernel(PoolKernel):
    """A pool of int16 elements."""

    source = "pooling_s16"
    params = "mr_pool_s16_params"
    dtype = DType.INT16

    def rejects(self, op: OpView) -> str | None:
        if taps(op) > MOST_TAPS:
            return f"has windows of {taps(op)} elements, more than {MOST_TAPS}"
        return super().rejects(op)

    def clamp(self, op: OpView) -> tuple[float, float]:
        return activation_range(op.attributes.activation, op.output())


class AveragePoolInt16(PoolInt16Kernel):
    name = "average_pool_s16"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_s16"


class MaxPoolInt16(PoolInt16Kernel):
    name = "max_pool_s16"
    operators = ("MAX_POOL_2D",)
    function = "mr_max_pool_s16"


KERNELS = (AveragePoolInt16(), MaxPoolInt16())
