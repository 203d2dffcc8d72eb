# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D in portable C."""

from __future__ import annotations

from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import (
    Argument,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    Scratch,
    wrong_type,
)
from microlith.kernels.portable.window import too_large, window_params
from microlith.kernels.quantize_math import activation_range, float_activation_range
from microlith.ops.pooling import PoolAttributes, pool_extents
from microlith.targets.target import Target

MOST_TAPS = 1 << 24
"""Elements of a window whose int8 sum surely fits 32 bits."""


class PoolKernel(Kernel):
    """A pool over bands of rows."""

    source = "pooling"
    dtype: ClassVar[DType]

    def rejects(self, op: OpView) -> str | None:
        if taps(op) > MOST_TAPS:
            return f"has windows of {taps(op)} elements, more than {MOST_TAPS}"
        return wrong_type(op, self.dtype) or too_large(pool_window(op))

    def lower(self, op: OpView, target: Target) -> Lowering:
        low, high = self.clamp(op)
        batches, height, _, channels = op.output().shape
        pool: dict[str, Argument] = {
            "input": InRows(0),
            "output": OutRows(),
            "window": pool_window(op),
            "row_table": Scratch(),
            "channels": channels,
        }
        return Lowering(
            params={"pool": pool, "low": low, "high": high},
            scratch=op.attributes.filter_height * target.pointer_size,
            rows=batches * height,
        )

    def clamp(self, op: OpView) -> tuple[float, float]:
        """Ends of the clamp of results."""
        return float_activation_range(op.attributes.activation)

    def cost(self, op: OpView, target: Target) -> float:
        return op.output().elements * (3.0 * taps(op) + 20.0)


class PoolInt8Kernel(PoolKernel):
    """A pool of quantised elements."""

    params = "mr_pool_s8_params"
    dtype = DType.INT8

    def clamp(self, op: OpView) -> tuple[float, float]:
        return activation_range(op.attributes.activation, op.output())


class PoolFloatKernel(PoolKernel):
    """A pool of float32 elements."""

    params = "mr_pool_f32_params"
    dtype = DType.FLOAT32


class AveragePoolInt8(PoolInt8Kernel):
    name = "average_pool_s8"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_s8"


class MaxPoolInt8(PoolInt8Kernel):
    name = "max_pool_s8"
    operators = ("MAX_POOL_2D",)
    function = "mr_max_pool_s8"


class AveragePoolFloat(PoolFloatKernel):
    name = "average_pool_f32"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_f32"


class MaxPoolFloat(PoolFloatKernel):
    name = "max_pool_f32"
    operators = ("MAX_POOL_2D",)
    function = "mr_max_pool_f32"


def taps(op: OpView) -> int:
    """Elements of a channel under a whole window."""
    return int(op.attributes.filter_height * op.attributes.filter_width)


def pool_window(op: OpView) -> dict[str, int]:
    """Values of an mr_window."""
    a: PoolAttributes = op.attributes
    return window_params(
        op,
        pool_extents(op),
        (a.filter_height, a.filter_width),
        (a.stride_height, a.stride_width),
    )


KERNELS = (AveragePoolInt8(), AveragePoolFloat(), MaxPoolInt8(), MaxPoolFloat())
