# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL by CMSIS-NN, for operands of one shape."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from microlith.ir.graph import OpView
from microlith.kernels.base import Argument, In, Lowering, Out
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, PerVariant, sources
from microlith.kernels.portable.elementwise import (
    HEADROOM,
    AddInt8,
    ElementwiseKernel,
    MulInt8,
    Spread,
    spread,
)
from microlith.targets.target import Target


class PairKernel(CmsisNNKernel):
    """An operator on pairs of elements, with the numbers of the portable kernel."""

    numbers: ClassVar[ElementwiseKernel]
    """The portable kernel, of the same element type."""

    instructions: ClassVar[PerVariant[float]]
    """Estimated instructions an element."""

    def rejects(self, op: OpView) -> str | None:
        if op.output().dtype != self.numbers.dtype:
            return f"is for {self.numbers.dtype.value}"
        elements = {op.input(0).elements, op.input(1).elements, op.output().elements}
        return None if len(elements) == 1 else "broadcasts an operand, which CMSIS-NN does not"

    def lower(self, op: OpView, target: Target) -> Lowering:
        plan = spread(
            op.output().shape, (op.input(0).shape, op.input(1).shape), self.numbers.order(op)
        )
        assert plan is not None, "operands of one shape spread over it"
        return Lowering(
            params={
                "input1": In(plan.order[0]),
                "input2": In(plan.order[1]),
                "output": Out(),
                "count": op.output().elements,
                **self.arguments(self._numbers(op, plan)),
            },
            in_place=(0, 1),
        )

    def _numbers(self, op: OpView, plan: Spread) -> dict[str, Any]:
        numbers: dict[str, Any] = dict(self.numbers.arithmetic(op, plan))
        return {"least": numbers.pop("low"), "most": numbers.pop("high"), **numbers}

    @abstractmethod
    def arguments(self, numbers: dict[str, Any]) -> dict[str, Argument]:
        """Parameters from the portable kernel's."""

    def cost(self, op: OpView, target: Target) -> float:
        return self.instructions.of(target) * op.output().elements


class Add(PairKernel):
    name = "add_s8_cmsis_nn"
    operators = ("ADD",)
    function = "mr_cmsis_nn_add_s8"
    params = "mr_cmsis_nn_add_params"
    source = "elementwise_add"
    common_sources = sources("BasicMathFunctions", "arm_elementwise_add_s8")
    numbers = AddInt8()
    instructions = PerVariant(mve=14.0, dsp=81.0, scalar=84.0)

    def arguments(self, numbers: dict[str, Any]) -> dict[str, Argument]:
        """Right shifts are negative here."""
        shifts = ("shift1", "shift2", "output_shift")
        return {**numbers, **{name: -numbers[name] for name in shifts}, "headroom": HEADROOM}


class Mul(PairKernel):
    name = "mul_s8_cmsis_nn"
    operators = ("MUL",)
    function = "mr_cmsis_nn_mul_s8"
    params = "mr_cmsis_nn_mul_params"
    source = "elementwise_mul"
    common_sources = sources("BasicMathFunctions", "arm_elementwise_mul_s8")
    numbers = MulInt8()
    instructions = PerVariant(mve=7.0, dsp=36.0, scalar=36.0)

    MOST_SHIFT: ClassVar[int] = 14
    """Left shift up to which products of two 9-bit differences fit 32 bits."""

    def rejects(self, op: OpView) -> str | None:
        reason = super().rejects(op)
        if reason is not None:
            return reason
        plan = spread(op.output().shape, (op.input(0).shape, op.input(1).shape), (0, 1))
        assert plan is not None
        shift = self._numbers(op, plan)["shift"]
        return f"shifts products by {shift} to the left" if shift > self.MOST_SHIFT else None

    def arguments(self, numbers: dict[str, Any]) -> dict[str, Argument]:
        return numbers


KERNELS = (Add(), Mul())
