# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX by CMSIS-NN."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import In, Lowering, Out, wrong_type
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, PerVariant, sources
from microlith.kernels.portable.softmax import input_scaling
from microlith.targets.target import Target

MOST_DEPTH = 511
"""Elements whose exponentials, up to 1 each, add up to less than 512: the sum has 12 integer bits
and a result is shifted to the right by 31 at most."""


class Softmax(CmsisNNKernel):
    name = "softmax_s8_cmsis_nn"
    operators = ("SOFTMAX",)
    function = "mr_cmsis_nn_softmax_s8"
    params = "mr_cmsis_nn_softmax_params"
    source = "softmax"
    per_element = PerVariant(mve=560.0, dsp=525.0, scalar=525.0)
    common_sources = sources("SoftmaxFunctions", "arm_nn_softmax_common_s8", "arm_softmax_s8")

    def rejects(self, op: OpView) -> str | None:
        depth = op.output().shape[-1]
        if depth > MOST_DEPTH:
            return f"normalises {depth} elements, more than {MOST_DEPTH}"
        return wrong_type(op, DType.INT8)

    def lower(self, op: OpView, target: Target) -> Lowering:
        multiplier, shift, radius = input_scaling(op.attributes.beta, op.input().scale)
        depth = op.output().shape[-1]
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "rows": op.output().elements // depth,
                "depth": depth,
                "multiplier": multiplier,
                "shift": shift,
                "least_difference": -radius,
            },
            in_place=(0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return self.per_element.of(target) * op.output().elements


KERNELS = (Softmax(),)
