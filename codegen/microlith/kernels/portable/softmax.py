# SPDX-License-Identifier: Apache-2.0
"""SOFTMAX in portable C: fixed-point arithmetic and a table of exponentials for int8."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import (
    Argument,
    Const,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    wrong_type,
)
from microlith.kernels.portable.activation import row_count
from microlith.kernels.quantize_math import quantize_multiplier, requantize, rounding_shift
from microlith.targets.target import Target

INTEGER_BITS = 5
"""Inputs, relative to the largest one, are scaled to Q5.26 before exp is taken."""

LEAST_COUNTING = 1 << 11
"""Exponentials below this (Q0.31) neither add to the sum, in Q12.19, nor give a result but 0."""


class SoftmaxKernel(Kernel):
    """A softmax along the last axis, row by row."""

    operators = ("SOFTMAX",)
    source = "softmax"
    dtype: ClassVar[DType]
    instructions: ClassVar[float]
    """Estimated instructions an element."""

    def rejects(self, op: OpView) -> str | None:
        return wrong_type(op, self.dtype)

    def cost(self, op: OpView, target: Target) -> float:
        return self.instructions * op.output().elements


class SoftmaxInt8(SoftmaxKernel):
    name = "softmax_s8"
    function = "mr_softmax_s8"
    params = "mr_softmax_s8_params"
    dtype = DType.INT8
    instructions = 30

    def lower(self, op: OpView, target: Target) -> Lowering:
        table = exponentials(op.attributes.beta, op.input().scale)
        return Lowering(
            params={
                "runs": runs_params(op),
                "exponentials": Const("exponentials"),
                "exponential_count": len(table),
            },
            constants=(Constant("exponentials", table),),
            in_place=(0,),
            rows=row_count(op.output()),
        )


class SoftmaxFloat(SoftmaxKernel):
    name = "softmax_f32"
    function = "mr_softmax_f32"
    params = "mr_softmax_f32_params"
    dtype = DType.FLOAT32
    instructions = 80

    def lower(self, op: OpView, target: Target) -> Lowering:
        return Lowering(
            params={"runs": runs_params(op), "beta": op.attributes.beta},
            in_place=(0,),
            rows=row_count(op.output()),
        )


def runs_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_runs."""
    depth = op.output().shape[-1]
    count = op.output().elements // (row_count(op.output()) * depth)
    return {"input": InRows(0), "output": OutRows(), "count": count, "depth": depth}


def input_scaling(beta: float, scale: float) -> tuple[int, int, int]:
    """Multiplier and left shift that bring differences of inputs to Q5.26, and the largest
    magnitude of a difference that counts."""
    real = min(beta * scale * 2 ** (31 - INTEGER_BITS), 2.0**31 - 1)
    multiplier, shift = quantize_multiplier(real)
    return multiplier, shift, (2**INTEGER_BITS - 1) << (31 - INTEGER_BITS) >> shift


def exponentials(beta: float, scale: float) -> Array:
    """exp(-beta * scale * d) in Q0.31 for d = 0, 1, ..., 255, in the reference's fixed-point
    arithmetic, as uint32; ends where values no longer count."""
    multiplier, shift, radius = input_scaling(beta, scale)
    reachable = range(min(radius, 255) + 1)
    values = [_exp_of_negative(requantize(-d, multiplier, shift)) for d in reachable]
    counting = [d for d in reachable if values[d] >= LEAST_COUNTING]
    return np.array(values[: counting[-1] + 1], np.uint32)


_QUARTER = 1 << 24
"""1/4 in Q5.26."""

_EXP_OF_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
"""exp(-2^k) in Q0.31 for k = -2 to 4."""


def _exp_of_negative(x: int) -> int:
    """exp(x) in Q0.31 of x <= 0 in Q5.26, as gemmlowp's exp_on_negative_values computes it: a
    polynomial for the part in [-1/4, 0), times exp of the powers of two that remain."""
    if x == 0:
        return 2**31 - 1
    small = (x & (_QUARTER - 1)) - _QUARTER
    result = _exp_of_quarter(small << INTEGER_BITS)
    remainder = small - x
    for power, factor in enumerate(_EXP_OF_POWERS):
        if remainder & _QUARTER << power:
            result = _product(result, factor)
    return result


def _exp_of_quarter(x: int) -> int:
    """exp(x) of x in [-1/4, 0), both in Q0.31: Taylor's polynomial around -1/8."""
    exp_of_eighth, third = 1895147668, 715827883
    y = x + (1 << 28)
    y2 = _product(y, y)
    y3 = _product(y2, y)
    y4 = _product(y2, y2)
    cubic = _product(rounding_shift(y4, 2) + y3, third)
    return exp_of_eighth + _product(exp_of_eighth, y + rounding_shift(cubic + y2, 1))


def _product(a: int, b: int) -> int:
    """Product of numbers in Q0.31."""
    return requantize(a, b, 0)


KERNELS = (SoftmaxInt8(), SoftmaxFloat())
