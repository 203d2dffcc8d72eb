# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D with SXTAB16 and MAX_POOL_2D with SEL: int8, windows inside the image."""

from __future__ import annotations

from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.depthwise import LANES
from microlith.kernels.portable.pooling import pool_window, taps
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class PoolInt8Dsp(Kernel):
    """A pool of four channels at a time."""

    backend = "dsp"
    params = "mr_pool_s8_dsp_params"
    source = "pooling"
    features = frozenset({"dsp"})
    most_taps: ClassVar[int]
    """Elements of a window."""

    block_cost: ClassVar[float]
    """Instructions of four outputs besides the window's elements."""

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        if taps(op) > self.most_taps:
            return f"has windows of {taps(op)} elements, more than {self.most_taps}"
        window = pool_window(op)
        if any(_reaches_out(window, axis) for axis in ("height", "width")):
            return "is for windows inside the image"
        return wrong_type(op, DType.INT8) or too_large(window | {"channels": channels})

    def lower(self, op: OpView, target: Target) -> Lowering:
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": pool_window(op),
                "row_table": Scratch(),
                "channels": channels,
                "least": least,
                "most": most,
            },
            scratch=op.attributes.filter_height * target.pointer_size,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        rows = int(op.attributes.filter_height)
        channels = op.output().shape[3]
        blocks = op.output().elements / channels * -(-channels // LANES)
        return blocks * (6.0 * taps(op) + 8.0 * rows + self.block_cost)


def _reaches_out(window: dict[str, int], axis: str) -> bool:
    """Whether some window reaches over a side of the image."""
    before = window["pad_top" if axis == "height" else "pad_left"]
    last = (window[f"out_{axis}"] - 1) * window[f"stride_{axis}"] - before
    return before > 0 or last + window[f"kernel_{axis}"] > window[f"in_{axis}"]


class AveragePoolInt8Dsp(PoolInt8Dsp):
    name = "average_pool_s8_dsp"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_s8_dsp"
    most_taps = 256  # their int8 sum fits 16 bits
    block_cost = 70.0


class MaxPoolInt8Dsp(PoolInt8Dsp):
    name = "max_pool_s8_dsp"
    operators = ("MAX_POOL_2D",)
    function = "mr_max_pool_s8_dsp"
    most_taps = 1 << 16
    block_cost = 28.0


KERNELS = (AveragePoolInt8Dsp(), MaxPoolInt8Dsp())
