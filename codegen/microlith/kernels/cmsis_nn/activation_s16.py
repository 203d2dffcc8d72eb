# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX and LOGISTIC of int16 by CMSIS-NN."""

from __future__ import annotations

import math

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import Const, In, Lowering, Out, wrong_type
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, sources
from microlith.kernels.portable.softmax_s16 import input_scaling, softmax_tables
from microlith.targets.target import Target

UNIT_LOG = -12
"""log2 of the scale at which the table's entries are elements of the input times 3."""

LEAST_SHIFT, MOST_SHIFT = -15, 14


class SoftmaxInt16(CmsisNNKernel):
    """Not exact: a result of 1, which the reference saturates, becomes -1, and sums whose upper 18
    bits are all set have a wrong reciprocal."""

    name = "softmax_s16_cmsis_nn"
    operators = ("SOFTMAX",)
    function = "mr_cmsis_nn_softmax_s16"
    params = "mr_cmsis_nn_softmax_s16_params"
    source = "softmax_s16"
    exact = False
    common_sources = sources("SoftmaxFunctions", "arm_softmax_s16")

    def rejects(self, op: OpView) -> str | None:
        if input_scaling(op)[1] > 0:
            return "scales differences of inputs up, which may overflow"
        return wrong_type(op, DType.INT16)

    def lower(self, op: OpView, target: Target) -> Lowering:
        multiplier, shift = input_scaling(op)
        depth = op.output().shape[-1]
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "exponentials": Const("exponentials"),
                "reciprocals": Const("reciprocals"),
                "rows": op.output().elements // depth,
                "depth": depth,
                "multiplier": multiplier,
                "shift": shift,
            },
            constants=softmax_tables(),
            in_place=(0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return 60.0 * op.output().elements


class LogisticInt16(CmsisNNKernel):
    name = "logistic_s16_cmsis_nn"
    operators = ("LOGISTIC",)
    function = "mr_cmsis_nn_logistic_s16"
    params = "mr_cmsis_nn_logistic_s16_params"
    source = "logistic_s16"
    common_sources = (
        *sources("ActivationFunctions", "arm_nn_activation_s16"),
        *sources("NNSupportFunctions", "arm_nntables"),
    )

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_type(op, DType.INT16):
            return reason
        fraction, exponent = math.frexp(op.input().scale)
        if fraction != 0.5 or not LEAST_SHIFT <= exponent - 1 - UNIT_LOG <= MOST_SHIFT:
            return "is for scales that are powers of two, from 2^-27 to 4"
        return None

    def lower(self, op: OpView, target: Target) -> Lowering:
        exponent = math.frexp(op.input().scale)[1] - 1
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "count": op.output().elements,
                "left_shift": exponent - UNIT_LOG,
            },
            in_place=(0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return 32.0 * op.output().elements


KERNELS = (SoftmaxInt16(), LogisticInt16())
