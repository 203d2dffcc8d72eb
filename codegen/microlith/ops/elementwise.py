# SPDX-License-Identifier: Apache-2.0
"""Operators on two tensors, element by element, with broadcasting: ADD, MUL."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from microlith.ir.graph import DType, OpView
from microlith.ops.attributes import activation_rules, decode_activation
from microlith.ops.base import Operator, OptionField, Options, Rule, Types, quantised, symmetric

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ElementwiseAttributes:
    """`activation` is a name of attributes.ACTIVATIONS, fused into the result. `shifts_scales`: an
    int16 ADD whose scales are powers of two shifts its operands (see `adds_by_shifts`)."""

    activation: str
    shifts_scales: bool = False


class BinaryElementwise(Operator):
    """What operators on two tensors have in common: types, broadcasting, a fused activation."""

    arity = (2, 2)
    types = (
        Types((DType.INT8, DType.INT8), (DType.INT8,)),
        Types((DType.INT16, DType.INT16), (DType.INT16,)),
        Types((DType.FLOAT32, DType.FLOAT32), (DType.FLOAT32,)),
    )

    largest_ratio: ClassVar[Mapping[DType, float]]
    """Bound of `ratio`, far above all useful models and below what overflows 32 bits (the reference
    ends the process there)."""

    def attributes(self, options: Mapping[str, Any]) -> ElementwiseAttributes:
        activation = decode_activation(options["activation"])
        return ElementwiseAttributes(activation, options.get("pot_scale_int16", False))

    def rules(self, op: OpView) -> Iterator[Rule]:
        yield from activation_rules(op.attributes.activation)
        if broadcast(op.input(0).shape, op.input(1).shape) is None:
            yield Rule(
                f"shapes {list(op.input(0).shape)} and {list(op.input(1).shape)} cannot be "
                "broadcast to one another",
                "make each pair of extents, counted from the last, equal or one of them 1",
            )
        if op.output().dtype == DType.FLOAT32:
            return
        broken = [*quantised(*op.inputs, *op.outputs), *symmetric(*op.inputs, *op.outputs)]
        yield from broken
        if not broken and self.ratio(op) >= self.largest_ratio[op.output().dtype]:
            yield Rule(
                f"the output's scale {op.output().scale:g} is too small for inputs of scale "
                f"{op.input(0).scale:g} and {op.input(1).scale:g}",
                "quantise the model again with data that represents the output's range",
            )

    def result_shapes(self, op: OpView) -> Sequence[Shape] | None:
        shape = broadcast(op.input(0).shape, op.input(1).shape)
        return None if shape is None else [shape]

    @abstractmethod
    def ratio(self, op: OpView) -> float:
        """How much larger than a unit of the output a unit of the exact result can be."""


class Add(BinaryElementwise):
    name = "ADD"
    summary = "Sum of two tensors, with broadcasting and a fused activation"
    versions = range(1, 6)
    options = Options(
        "AddOptions",
        (OptionField(0, "activation", "int8"), OptionField(1, "pot_scale_int16", "bool", True)),
    )
    largest_ratio: ClassVar[Mapping[DType, float]] = {DType.INT8: 2.0**17, DType.INT16: 2.0**12}

    def rules(self, op: OpView) -> Iterator[Rule]:
        broken = list(super().rules(op))
        yield from broken
        if not broken and adds_by_shifts(op):
            yield from _shift_rules(op)

    def ratio(self, op: OpView) -> float:
        return max(op.input(0).scale, op.input(1).scale) / op.output().scale


class Mul(BinaryElementwise):
    name = "MUL"
    summary = "Product of two tensors, with broadcasting and a fused activation"
    versions = range(1, 8)
    options = Options("MulOptions", (OptionField(0, "activation", "int8"),))
    largest_ratio: ClassVar[Mapping[DType, float]] = {DType.INT8: 2.0**14, DType.INT16: 1.0}

    def ratio(self, op: OpView) -> float:
        return op.input(0).scale * op.input(1).scale / op.output().scale


def adds_by_shifts(op: OpView) -> bool:
    """Whether an int16 ADD aligns its operands by shifts. Models for LSTM cells ask for that, and
    all that leave the option at its default, but the reference does so only where each scale is a
    power of two."""
    tensors = (op.input(0), op.input(1), op.output())
    if op.output().dtype != DType.INT16 or not op.attributes.shifts_scales:
        return False
    return all(power_of_two(tensor.scale) is not None for tensor in tensors)


def power_of_two(scale: float) -> int | None:
    """log2 of a scale where it is close enough to an integer for the reference (CheckedLog2 of
    quantization_util), or None."""
    log2 = np.log(np.float32(scale)) * (np.float32(1) / np.log(np.float32(2)))
    nearest = int(np.copysign(np.floor(np.abs(log2) + np.float32(0.5)), log2))
    return nearest if abs(log2 - nearest) < 1e-3 else None


def operand_shifts(op: OpView) -> tuple[int, int]:
    """Left shifts that bring the operands of an ADD by shifts to the output's scale."""
    logs = [power_of_two(t.scale) for t in (op.input(0), op.input(1), op.output())]
    first, second, result = (log for log in logs if log is not None)
    return first - result, second - result


def _shift_rules(op: OpView) -> Iterator[Rule]:
    shifts = operand_shifts(op)
    if max(shifts) != 0 or min(shifts) < -15:
        yield Rule(
            f"operands would be shifted by {shifts[0]} and {shifts[1]} bits to the left; one must "
            "have the output's scale, the other no larger one",
            "convert the model again with the option pot_scale_int16 off",
        )
    if op.input(0).elements != op.input(1).elements:
        yield Rule(
            "an operand is broadcast, which the reference does not do where scales are powers of "
            "two",
            "convert the model again with the option pot_scale_int16 off",
        )


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """The common shape of two operands, or None when there is none."""
    try:
        return tuple(int(n) for n in np.broadcast_shapes(first, second))
    except ValueError:
        return None


OPERATORS = (Add(), Mul())
