# SPDX-License-Identifier: Apache-2.0
"""RELU, RELU6, LOGISTIC and ABS in portable C: a table for int8, arithmetic for float32."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from math import prod
from operator import pos
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView, Tensor
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
from microlith.kernels.quantize_math import (
    activation_range,
    float_activation_range,
    quantize_multiplier,
    requantize,
)
from microlith.targets.target import Target

CLAMPS = {"RELU": "relu", "RELU6": "relu6"}
"""Operators that are a clamp, with their names as fused activations."""

INT8 = range(-128, 128)

_EXP = Context(prec=25)
"""Decimal arithmetic, the same on every machine."""


class UnaryKernel(Kernel):
    """A function of one element, row by row."""

    source = "activation"
    dtype: ClassVar[DType]
    instructions: ClassVar[float]
    """Estimated instructions an element."""

    def rejects(self, op: OpView) -> str | None:
        return wrong_type(op, self.dtype)

    def cost(self, op: OpView, target: Target) -> float:
        return self.instructions * op.output().elements


class TableInt8(UnaryKernel):
    name = "table_s8"
    operators = (*CLAMPS, "LOGISTIC", "ABS")
    function = "mr_table_s8"
    params = "mr_table_s8_params"
    dtype = DType.INT8
    instructions = 5

    def lower(self, op: OpView, target: Target) -> Lowering:
        return Lowering(
            params={"unary": unary_params(op), "table": Const("table")},
            constants=(Constant("table", table_of(op)),),
            in_place=(0,),
            rows=row_count(op.output()),
        )


class ClampFloat(UnaryKernel):
    name = "clamp_f32"
    operators = tuple(CLAMPS)
    function = "mr_clamp_f32"
    params = "mr_clamp_f32_params"
    dtype = DType.FLOAT32
    instructions = 8

    def lower(self, op: OpView, target: Target) -> Lowering:
        low, high = float_activation_range(CLAMPS[op.op.kind])
        return Lowering(
            params={"unary": unary_params(op), "low": low, "high": high},
            in_place=(0,),
            rows=row_count(op.output()),
        )


class LogisticFloat(UnaryKernel):
    name = "logistic_f32"
    operators = ("LOGISTIC",)
    function = "mr_logistic_f32"
    params = "mr_logistic_f32_params"
    dtype = DType.FLOAT32
    instructions = 60

    def lower(self, op: OpView, target: Target) -> Lowering:
        return Lowering(
            params={"unary": unary_params(op)}, in_place=(0,), rows=row_count(op.output())
        )


class AbsFloat(UnaryKernel):
    name = "abs_f32"
    operators = ("ABS",)
    function = "mr_abs_f32"
    params = "mr_abs_f32_params"
    dtype = DType.FLOAT32
    instructions = 5

    def lower(self, op: OpView, target: Target) -> Lowering:
        return Lowering(
            params={"unary": unary_params(op)}, in_place=(0,), rows=row_count(op.output())
        )


def row_count(tensor: Tensor) -> int:
    """Rows of a tensor: lines of its last two axes."""
    return prod(tensor.shape[:-2])


def unary_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_unary."""
    return {"input": InRows(0), "output": OutRows(), "length": prod(op.output().shape[-2:])}


def table_of(op: OpView) -> Array:
    """Results of `op` for the int8 elements -128 to 127."""
    if op.op.kind == "LOGISTIC":
        return logistic_table(op)
    if op.op.kind == "ABS":
        return rescaled_table(op, "none", abs)
    return rescaled_table(op, CLAMPS[op.op.kind])


def rescaled_table(op: OpView, activation: str, function: Callable[[int], int] = pos) -> Array:
    """Results of int8 RELU, RELU6 and ABS for -128 to 127: `function` of the element less its zero
    point, requantised, then clamped to the range of `activation`."""
    source, result = op.input(), op.output()
    real = np.float32(source.scale) / np.float32(result.scale)
    multiplier, shift = quantize_multiplier(float(real))
    low, high = activation_range(activation, result)

    def value(q: int) -> int:
        scaled = requantize(function(q - source.zero_point), multiplier, shift)
        return min(max(scaled + result.zero_point, low), high)

    return np.array([value(q) for q in INT8], np.int8)


def logistic_table(op: OpView, exp: Callable[[np.float32], np.float32] | None = None) -> Array:
    """Results of int8 LOGISTIC for -128 to 127, each step rounded to float32 as the reference does
    when it fills its table. `exp` is its expf; by default the correctly rounded one."""
    source, result = op.input(), op.output()
    one, inverse = np.float32(1), np.float32(1) / np.float32(result.scale)
    expf = exp or correct_expf

    def value(q: int) -> int:
        x = np.float32(source.scale) * np.float32(q - source.zero_point)
        with np.errstate(over="ignore"):
            rescaled = one / (one + expf(-x)) * inverse
        rounded = int(np.floor(rescaled + np.float64(0.5)))
        return min(max(rounded + result.zero_point, INT8.start), INT8.stop - 1)

    return np.array([value(q) for q in INT8], np.int8)


def correct_expf(x: np.float32) -> np.float32:
    """exp(x), correctly rounded to float32. C libraries reach this but for about one argument in
    thousand, where they are off by one unit in the last place."""
    with np.errstate(over="ignore"):
        return np.float32(float(_EXP.exp(Decimal(float(x)))))


KERNELS = (TableInt8(), ClampFloat(), LogisticFloat(), AbsFloat())
