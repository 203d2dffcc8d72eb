# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL of int16 in portable C."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import Argument
from microlith.kernels.portable.elementwise import (
    ElementwiseKernel,
    Spread,
    downward,
    product_scale,
)
from microlith.kernels.quantize_math import activation_range, quantize_multiplier
from microlith.ops.elementwise import adds_by_shifts, operand_shifts

HEADROOM = 15
"""Bits by which ADD raises its operands before it scales them: MR_ADD_HEADROOM_S16 in the C."""


class AddInt16(ElementwiseKernel):
    name = "add_s16"
    operators = ("ADD",)
    source = "elementwise_s16"
    function = "mr_add_s16"
    params = "mr_add_s16_params"
    dtype = DType.INT16
    instructions = 36.0

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or ("adds by shifts" if adds_by_shifts(op) else None)

    def order(self, op: OpView) -> tuple[int, int]:
        """The larger scale first: against the common scale, its double, its factor is exact."""
        return (0, 1) if op.input(0).scale >= op.input(1).scale else (1, 0)

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        first, second = (op.input(position) for position in plan.order)
        common = 2.0 * max(first.scale, second.scale)
        multiplier1, shift1 = downward(first.scale / common)
        multiplier2, shift2 = downward(second.scale / common)
        multiplier, shift = downward(common / (2.0**HEADROOM * op.output().scale))
        low, high = activation_range(op.attributes.activation, op.output())
        return {
            "multiplier1": multiplier1,
            "shift1": shift1,
            "multiplier2": multiplier2,
            "shift2": shift2,
            "output_multiplier": multiplier,
            "output_shift": shift,
            "low": low,
            "high": high,
        }


class AddShiftedInt16(ElementwiseKernel):
    """Where all scales are powers of two and the model does not ask otherwise."""

    name = "add_shifted_s16"
    operators = ("ADD",)
    source = "elementwise_s16"
    function = "mr_add_shifted_s16"
    params = "mr_add_shifted_s16_params"
    dtype = DType.INT16
    instructions = 14.0

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or (None if adds_by_shifts(op) else "is for adding by shifts")

    def order(self, op: OpView) -> tuple[int, int]:
        """The operand that is not shifted first."""
        return (0, 1) if operand_shifts(op)[0] == 0 else (1, 0)

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        low, high = activation_range(op.attributes.activation, op.output())
        return {"shift2": -operand_shifts(op)[plan.order[1]], "low": low, "high": high}


class MulInt16(ElementwiseKernel):
    name = "mul_s16"
    operators = ("MUL",)
    source = "elementwise_s16"
    function = "mr_mul_s16"
    params = "mr_mul_s16_params"
    dtype = DType.INT16
    instructions = 28.0

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        multiplier, shift = quantize_multiplier(product_scale(op))
        low, high = activation_range(op.attributes.activation, op.output())
        return {"multiplier": multiplier, "shift": shift, "low": low, "high": high}


KERNELS = (AddInt16(), AddShiftedInt16(), MulInt16())
