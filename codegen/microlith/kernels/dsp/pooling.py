# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D with SXTAB16: int8, windows inside the image."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.depthwise import LANES
from microlith.kernels.portable.pooling import pool_window, taps
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

MOST_TAPS = 256
"""Elements of a window whose int8 sum fits 16 bits."""


class AveragePoolInt8Dsp(Kernel):
    name = "average_pool_s8_dsp"
    backend = "dsp"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_s8_dsp"
    params = "mr_average_pool_s8_dsp_params"
    source = "pooling"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        if taps(op) > MOST_TAPS:
            return f"has windows of {taps(op)} elements, more than {MOST_TAPS}"
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
        return blocks * (6.0 * taps(op) + 8.0 * rows + 70.0)


def _reaches_out(window: dict[str, int], axis: str) -> bool:
    """Whether some window reaches over a side of the image."""
    before = window["pad_top" if axis == "height" else "pad_left"]
    last = (window[f"out_{axis}"] - 1) * window[f"stride_{axis}"] - before
    return before > 0 or last + window[f"kernel_{axis}"] > window[f"in_{axis}"]


KERNELS = (AveragePoolInt8Dsp(),)
