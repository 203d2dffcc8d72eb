# SPDX-License-Identifier: Apache-2.0
"""RELU, RELU6, ABS and LOGISTIC of int16 in portable C."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, Lowering
from microlith.kernels.portable.activation import CLAMPS, UnaryKernel, row_count, unary_params
from microlith.kernels.quantize_math import activation_range, quantize_multiplier
from microlith.ops.elementwise import power_of_two
from microlith.targets.target import Target

LOGISTIC_STEPS = 24
"""Entries of the table for a unit of LOGISTIC's argument."""

LOGISTIC_UNITS = 4096 * 3
"""Units of the argument that is looked up: 512 between entries."""


class RescaleInt16(UnaryKernel):
    """A function whose result is requantised."""

    source = "activation_s16"
    params = "mr_rescale_s16_params"
    dtype = DType.INT16
    instructions = 20

    def lower(self, op: OpView, target: Target) -> Lowering:
        source, result = op.input(), op.output()
        real = np.float32(source.scale) / np.float32(result.scale)
        multiplier, shift = quantize_multiplier(float(real))
        low, high = activation_range(CLAMPS.get(op.op.kind, "none"), result)
        params: dict[str, Argument] = {
            "unary": unary_params(op),
            "multiplier": multiplier,
            "shift": shift,
            "low": low,
            "high": high,
        }
        return Lowering(params=params, in_place=(0,), rows=row_count(result))


class ClampInt16(RescaleInt16):
    name = "clamp_s16"
    operators = tuple(CLAMPS)
    function = "mr_clamp_s16"


class AbsInt16(RescaleInt16):
    name = "abs_s16"
    operators = ("ABS",)
    function = "mr_abs_s16"


class LogisticInt16(UnaryKernel):
    name = "logistic_s16"
    operators = ("LOGISTIC",)
    source = "activation_s16"
    function = "mr_logistic_s16"
    params = "mr_logistic_s16_params"
    dtype = DType.INT16
    instructions = 28

    def lower(self, op: OpView, target: Target) -> Lowering:
        multiplier, shift = logistic_scaling(op.input().scale)
        return Lowering(
            params={
                "unary": unary_params(op),
                "table": Const("table"),
                "multiplier": multiplier,
                "shift": shift,
            },
            constants=(Constant("table", logistic_table()),),
            in_place=(0,),
            rows=row_count(op.output()),
        )


def logistic_scaling(scale: float) -> tuple[int, int]:
    """Multiplier and right shift that bring elements to LOGISTIC_UNITS, the multiplier cut off as
    the reference does. A scale of 2^-12 takes a multiplier of 3."""
    if power_of_two(scale) == -12:
        return 3, 0
    multiplier, shift = scale * LOGISTIC_UNITS, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def logistic_table() -> Array:
    """1 / (1 + exp(-i / 24)) for i = 0 to 255 in units of 2^-16, as uint16: raised by half of what
    the line to the next entry is too low in the middle; the last one stands for all beyond."""
    with localcontext(prec=30):
        at, middle = ([_logistic(i + half) for i in range(256)] for half in (0, Decimal("0.5")))
        raised = [v + (m - (v + w) / 2) / 2 for v, m, w in zip(at, middle, at[1:], strict=False)]
    return np.array([*(round(value) for value in raised), 65535], np.uint16)


def _logistic(steps: int | Decimal) -> Decimal:
    return 65536 / (1 + (-Decimal(steps) / LOGISTIC_STEPS).exp())


KERNELS = (ClampInt16(), AbsInt16(), LogisticInt16())
