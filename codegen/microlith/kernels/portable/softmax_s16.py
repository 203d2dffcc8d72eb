# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX of int16 in portable C: two tables with lines between their entries."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, Lowering
from microlith.kernels.portable.activation import row_count
from microlith.kernels.portable.softmax import SoftmaxKernel, runs_params
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.targets.target import Target

STEPS = 512
"""Intervals of a table."""

EXP_RANGE = 10.0
"""Exponentials of numbers below minus this count as that of this."""

OUTPUT_SCALE = 2.0**15
"""From results in [0, 1] to the entries of a table."""


class SoftmaxInt16(SoftmaxKernel):
    name = "softmax_s16"
    function = "mr_softmax_s16"
    params = "mr_softmax_s16_params"
    source = "softmax_s16"
    dtype = DType.INT16
    instructions = 70

    def lower(self, op: OpView, target: Target) -> Lowering:
        multiplier, shift = input_scaling(op)
        return Lowering(
            params={
                "runs": runs_params(op),
                "exponentials": Const("exponentials"),
                "reciprocals": Const("reciprocals"),
                "multiplier": multiplier,
                "shift": shift,
            },
            constants=softmax_tables(),
            in_place=(0,),
            rows=row_count(op.output()),
        )


def input_scaling(op: OpView) -> tuple[int, int]:
    """Multiplier and shift that bring differences of inputs to units of EXP_RANGE / 65535. The
    reference multiplies the scale and beta in float32."""
    product = np.float32(op.input().scale) * np.float32(op.attributes.beta)
    return quantize_multiplier(float(product) / (EXP_RANGE / 65535))


def softmax_tables() -> tuple[Constant, Constant]:
    """Constants `exponentials` and `reciprocals` (int16, STEPS + 1)."""
    return (
        Constant("exponentials", table(math.exp, -EXP_RANGE, 0.0)),
        Constant("reciprocals", table(lambda x: 1 / (1 + x), 0.0, 1.0)),
    )


def table(function: Callable[[float], float], least: float, most: float) -> Array:
    """`function` at STEPS + 1 points from `least` to `most`. All but the last are moved by half of
    what the line to the next point is off in the middle. Source: LUTPopulate of LiteRT's common.h.
    """
    step = (most - least) / STEPS
    entries = []
    for i in range(STEPS):
        at, middle, after = (function(least + x * step) * OUTPUT_SCALE for x in (i, i + 0.5, i + 1))
        line = _nearest((after + _nearest(at)) / 2)
        entries.append(_nearest(at) - _nearest((line - _nearest(middle)) / 2))
    entries.append(_nearest(function(most) * OUTPUT_SCALE))
    return np.array([min(entry, 32767) for entry in entries], np.int16)


def _nearest(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


KERNELS = (SoftmaxInt16(),)
