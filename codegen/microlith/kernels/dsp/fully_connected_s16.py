# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED with SMLAD: int16 with int8 weights."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, In, Kernel, Lowering, Out
from microlith.kernels.dsp.conv_s16 import BLOCK, PLACES
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.accumulate_s16 import wide_biases, wrong_types
from microlith.kernels.portable.fully_connected import double_factors, weights_zero_point
from microlith.kernels.portable.fully_connected_s16 import int16_layer_params, layer_limits
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

UNITS = 4
"""Units that are computed together."""


class FullyConnectedInt16Dsp(Kernel):
    name = "fully_connected_s16_dsp"
    backend = "dsp"
    operators = ("FULLY_CONNECTED",)
    function = "mr_fully_connected_s16_dsp"
    params = "mr_fully_connected_s16_dsp_params"
    source = "fully_connected_s16"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_types(op) or layer_limits(op):
            return reason
        return "is for weights without a zero point" if weights_zero_point(op) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        units, depth = weights.shape
        scaling = int16_layer_params(op)
        del scaling["weights_zero_point"]
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "weights": Const("weights"),
                "biases": Const("biases"),
                "batches": batches(op),
                "depth": depth,
                "units": units,
                **scaling,
            },
            constants=(
                Constant("weights", pack_units(weights).reshape(-1), alignment=4),
                Constant("biases", wide_biases(op, units)),
                *double_factors(output_factors(op)),
            ),
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        per_block = -(-depth // BLOCK) * 22.0 + 30.0
        return batches(op) * (-(-units // UNITS) * per_block + units * 60.0)


def pack_units(weights: Array) -> Array:
    """[unit, element] → [UNITS][BLOCK][unit][PLACES], filled up with zeros."""
    units, depth = weights.shape
    padded = np.zeros((-(-units // UNITS) * UNITS, -(-depth // BLOCK) * BLOCK), np.int8)
    padded[:units, :depth] = weights
    blocked = padded.reshape(padded.shape[0] // UNITS, UNITS, -1, BLOCK)[..., PLACES]
    return np.ascontiguousarray(blocked.swapaxes(1, 2))


KERNELS = (FullyConnectedInt16Dsp(),)
