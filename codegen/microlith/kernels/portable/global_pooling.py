# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D over a whole image, as a running sum: its rows need not exist together."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, Out, Scratch, wrong_type
from microlith.kernels.portable.pooling import MOST_TAPS, pool_window, taps
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class GlobalAveragePoolInt8(Kernel):
    name = "global_average_pool_s8"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_global_average_pool_s8"
    params = "mr_global_average_pool_s8_params"
    source = "global_pooling"

    def rejects(self, op: OpView) -> str | None:
        if taps(op) > MOST_TAPS:
            return f"has windows of {taps(op)} elements, more than {MOST_TAPS}"
        window = pool_window(op)
        covers = all(
            window[f"kernel_{axis}"] == window[f"in_{axis}"] and window[f"out_{axis}"] == 1
            for axis in ("height", "width")
        )
        if not covers or op.output().shape[0] != 1:
            return "is for one window over the whole image, and one image"
        channels = op.output().shape[3]
        return wrong_type(op, DType.INT8) or too_large(window | {"channels": channels})

    def lower(self, op: OpView, target: Target) -> Lowering:
        _, height, width, channels = op.input().shape
        low, high = activation_range(op.attributes.activation, op.output())
        return Lowering(
            params={
                "input": InRows(0),
                "output": Out(),
                "sums": Scratch(),
                "height": height,
                "width": width,
                "channels": channels,
                "low": low,
                "high": high,
            },
            scratch=4 * channels,
            rows=height + 1,
            lead_rows=height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        _, height, width, channels = op.input().shape
        return channels * (height * (4.0 * width + 10.0) + 30.0)


KERNELS = (GlobalAveragePoolInt8(),)
