# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED of int16 by CMSIS-NN: with multipliers of 16 bits, where the reference takes a
double, results are off by one here and there."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Lowering
from microlith.kernels.cmsis_nn.fully_connected import layer_params
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, PerVariant, sources
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.accumulate_s16 import wide_biases, wrong_types
from microlith.kernels.portable.fully_connected import weights_zero_point
from microlith.kernels.portable.fully_connected_s16 import layer_limits
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target


class FullyConnectedInt16(CmsisNNKernel):
    name = "fully_connected_s16_cmsis_nn"
    operators = ("FULLY_CONNECTED",)
    function = "mr_cmsis_nn_fully_connected_s16"
    params = "mr_cmsis_nn_fully_connected_s16_params"
    source = "fully_connected_s16"
    exact = False
    common_sources = (
        *sources("FullyConnectedFunctions", "arm_fully_connected_s16"),
        *sources("NNSupportFunctions", "arm_nn_vec_mat_mult_t_s16"),
    )
    per_mac = PerVariant(mve=0.5, dsp=2.2, scalar=4.0)
    per_unit = PerVariant(mve=30.0, dsp=40.0, scalar=40.0)

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_types(op) or layer_limits(op):
            return reason
        if len(output_factors(op)) > 1:
            return "is for one scale, not one a unit"
        return "is for weights without a zero point" if weights_zero_point(op) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        multiplier, shift = quantize_multiplier(output_factors(op)[0])
        return Lowering(
            params={"layer": layer_params(op), "multiplier": multiplier, "shift": shift},
            constants=(Constant("biases", wide_biases(op, op.input(1).shape[0])),),
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        return batches(op) * units * (depth * self.per_mac.of(target) + self.per_unit.of(target))


KERNELS = (FullyConnectedInt16(),)
