# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL in single precision, for operands of one shape."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, wrong_type
from microlith.kernels.fpu.output import limit_params
from microlith.targets.target import Target


class ElementwiseFpu(Kernel):
    """Rows of the last two axes."""

    backend = "fpu"
    params = "mr_elementwise_f32_fpu_params"
    source = "elementwise"
    features = frozenset({"fpu"})
    element_cost: ClassVar[float] = 3.2

    def rejects(self, op: OpView) -> str | None:
        if not op.input(0).shape == op.input(1).shape == op.output().shape:
            return "is for operands of one shape"
        return wrong_type(op, DType.FLOAT32)

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = op.output().shape
        return Lowering(
            params={
                "input1": InRows(0),
                "input2": InRows(1),
                "output": OutRows(),
                "length": prod(shape[-2:]),
                **limit_params(op),
            },
            in_place=(0, 1),
            rows=prod(shape[:-2]),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return self.element_cost * op.output().elements + 60.0 * prod(op.output().shape[:-2])


class AddFloatFpu(ElementwiseFpu):
    name = "add_f32_fpu"
    operators = ("ADD",)
    function = "mr_add_f32_fpu"


class MulFloatFpu(ElementwiseFpu):
    name = "mul_f32_fpu"
    operators = ("MUL",)
    function = "mr_mul_f32_fpu"


KERNELS = (AddFloatFpu(), MulFloatFpu())
