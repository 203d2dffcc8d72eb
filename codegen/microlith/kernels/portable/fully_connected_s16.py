# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED of int16 with int8 weights in portable C. As with int8, the reference scales sums
in double precision and rounds halves away from zero."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, Lowering
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.accumulate_s16 import (
    factors_too_large,
    sums_too_large,
    wide_biases,
    wrong_types,
)
from microlith.kernels.portable.fully_connected import (
    FullyConnectedKernel,
    centred_weights,
    double_factors,
    layer_params,
    weights_zero_point,
)
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class FullyConnectedInt16(FullyConnectedKernel):
    name = "fully_connected_s16"
    function = "mr_fully_connected_s16"
    params = "mr_fully_connected_s16_params"
    source = "fully_connected_s16"
    dtype = DType.INT16
    instructions_per_mac = 3.0
    instructions_per_output = 80.0

    def rejects(self, op: OpView) -> str | None:
        return wrong_types(op) or layer_limits(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        biases = Constant("biases", wide_biases(op, op.input(1).shape[0]))
        return Lowering(
            params={"layer": layer_params(op), **int16_layer_params(op)},
            constants=(biases, *double_factors(output_factors(op))),
        )


def layer_limits(op: OpView) -> str | None:
    """Why a 16x8 layer cannot be computed as the reference does, or None."""
    return sums_too_large(op, centred_weights(op)) or factors_too_large(op)


def int16_layer_params(op: OpView) -> dict[str, Argument]:
    """Parameters that make int16 outputs of sums."""
    least, most = activation_range(op.attributes.activation, op.output())
    return {
        "mantissas": Const("mantissas"),
        "shifts": Const("shifts"),
        "per_unit": int(len(output_factors(op)) > 1),
        "weights_zero_point": weights_zero_point(op),
        "least": least,
        "most": most,
    }


KERNELS = (FullyConnectedInt16(),)
