# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED in single precision, eight units at a time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, In, Kernel, Lowering, Out, wrong_weights
from microlith.kernels.fpu.output import limit_params
from microlith.kernels.portable.accumulate import float_biases
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

UNITS = 8
"""Units that are computed together."""


class FullyConnectedFloatFpu(Kernel):
    name = "fully_connected_f32_fpu"
    backend = "fpu"
    operators = ("FULLY_CONNECTED",)
    function = "mr_fully_connected_f32_fpu"
    params = "mr_fully_connected_f32_fpu_params"
    source = "fully_connected"
    features = frozenset({"fpu"})
    four_cost: ClassVar[float] = 69.0
    """Instructions for four inputs, in a block of units."""

    single_cost: ClassVar[float] = 20.0
    """For one input of the last few."""

    block_cost: ClassVar[float] = 40.0
    """Around them."""

    def rejects(self, op: OpView) -> str | None:
        return wrong_weights(op, DType.FLOAT32)

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        units, depth = weights.shape
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "weights": Const("weights"),
                "batches": batches(op),
                "depth": depth,
                "units": units,
                **limit_params(op),
            },
            constants=(Constant("weights", pack(weights, float_biases(op, units))),),
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        block = depth // 4 * self.four_cost + depth % 4 * self.single_cost + self.block_cost
        rest = 60.0 if units % UNITS else 0.0
        return batches(op) * (-(-units // UNITS) * block + rest + 60.0)


def pack(weights: Array, biases: Array) -> Array:
    """[unit, input] and biases as float32 [block] of [input][UNITS], then UNITS biases; zeros past
    the last unit."""
    units, depth = weights.shape
    padded = np.zeros((-(-units // UNITS) * UNITS, depth + 1), np.float32)
    padded[:units, :depth] = weights
    padded[:units, depth] = biases
    return padded.reshape(-1, UNITS, depth + 1).swapaxes(1, 2).reshape(-1)


KERNELS = (FullyConnectedFloatFpu(),)
