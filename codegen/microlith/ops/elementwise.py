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
from microlith.ops.base import Operator, OptionField, Options, Rule, Types, quantised

Shape = tuple[int, ...]


@dataclass(frozen=True)
class ElementwiseAttributes:
    """`activation` is a name of attributes.ACTIVATIONS, fused into the result."""

    activation: str


class BinaryElementwise(Operator):
    """What operators on two tensors have in common: types, broadcasting, a fused activation."""

    arity = (2, 2)
    types = (
        Types((DType.INT8, DType.INT8), (DType.INT8,)),
        Types((DType.FLOAT32, DType.FLOAT32), (DType.FLOAT32,)),
    )

    largest_ratio: ClassVar[float]
    """Bound of `ratio`, far above all useful models and below what overflows 32 bits (the reference
    ends the process there)."""

    def attributes(self, options: Mapping[str, Any]) -> ElementwiseAttributes:
        return ElementwiseAttributes(decode_activation(options["activation"]))

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
        broken = list(quantised(*op.inputs, *op.outputs))
        yield from broken
        if not broken and self.ratio(op) >= self.largest_ratio:
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
    options = Options("AddOptions", (OptionField(0, "activation", "int8"),))
    largest_ratio = 2.0**17

    def ratio(self, op: OpView) -> float:
        return max(op.input(0).scale, op.input(1).scale) / op.output().scale


class Mul(BinaryElementwise):
    name = "MUL"
    summary = "Product of two tensors, with broadcasting and a fused activation"
    versions = range(1, 8)
    options = Options("MulOptions", (OptionField(0, "activation", "int8"),))
    largest_ratio = 2.0**14

    def ratio(self, op: OpView) -> float:
        return op.input(0).scale * op.input(1).scale / op.output().scale


def broadcast(first: Shape, second: Shape) -> Shape | None:
    """The common shape of two operands, or None when there is none."""
    try:
        return tuple(int(n) for n in np.broadcast_shapes(first, second))
    except ValueError:
        return None


OPERATORS = (Add(), Mul())
