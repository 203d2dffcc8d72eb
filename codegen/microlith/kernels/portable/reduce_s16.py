# SPDX-License-Identifier: Apache-2.0
"""MEAN of int16 in portable C."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import Lowering
from microlith.kernels.portable.reduce import (
    MeanKernel,
    mean_multiplier,
    reduced_count,
    reduction_params,
)
from microlith.targets.target import Target

MOST_REDUCED = 1 << 16
"""Elements that an int16 mean may reduce to one: their sum fits 32 bits."""


class MeanInt16(MeanKernel):
    name = "mean_s16"
    function = "mr_mean_s16"
    params = "mr_mean_s16_params"
    source = "reduce_s16"
    dtype = DType.INT16

    def rejects(self, op: OpView) -> str | None:
        if reduced_count(op) > MOST_REDUCED:
            return f"reduces more than {MOST_REDUCED} elements to one"
        return super().rejects(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        ratio = op.input().scale / op.output().scale
        multiplier, shift = mean_multiplier(ratio, reduced_count(op))
        return Lowering(
            params={
                "reduction": reduction_params(op),
                "multiplier": multiplier,
                "shift": shift,
            }
        )


KERNELS = (MeanInt16(),)
