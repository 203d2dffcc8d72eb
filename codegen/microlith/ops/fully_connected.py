# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from microlith.ir.graph import OpView
from microlith.ops.attributes import activation_rules, decode_activation
from microlith.ops.base import Operator, OptionField, Options, Rule, quantised, symmetric
from microlith.ops.conv import MORE_INT4, NARROW_BIAS, TYPES, bias_rules, filter_rules


@dataclass(frozen=True)
class FullyConnectedAttributes:
    """`activation` is a name of ops.attributes; `weights_format` is 0 for plain weights;
    `keep_num_dims`: the output has the input's rank instead of 2; `asymmetric_inputs`: a hybrid
    layer quantises its input with a zero point."""

    activation: str
    weights_format: int
    keep_num_dims: bool
    asymmetric_inputs: bool = False
    bias_type: int = 0
    """Of a 16x8 layer: a key of conv.BIAS_TYPES."""


class FullyConnected(Operator):
    name = "FULLY_CONNECTED"
    summary = "Product of a matrix of weights and each vector of the input"
    versions = range(1, 15)
    options = Options(
        "FullyConnectedOptions",
        (
            OptionField(0, "activation", "int8"),
            OptionField(1, "weights_format", "int8"),
            OptionField(2, "keep_num_dims", "bool", False),
            OptionField(3, "asymmetric_quantize_inputs", "bool", False),
            OptionField(4, "bias_type", "int8"),
        ),
    )
    arity = (2, 3)
    constant_inputs = (1, 2)
    types = (*TYPES, NARROW_BIAS, *MORE_INT4)

    def attributes(self, options: Mapping[str, Any]) -> FullyConnectedAttributes:
        return FullyConnectedAttributes(
            activation=decode_activation(options["activation"]),
            weights_format=options["weights_format"],
            keep_num_dims=options["keep_num_dims"],
            asymmetric_inputs=options["asymmetric_quantize_inputs"],
            bias_type=options["bias_type"],
        )

    def rules(self, op: OpView) -> Iterator[Rule]:
        a: FullyConnectedAttributes = op.attributes
        shaped = list(_shape_rules(op))
        yield from shaped
        yield from quantised(op.input(), op.output())
        yield from symmetric(op.input(), op.output())
        yield from activation_rules(a.activation)
        if a.weights_format != 0:
            yield Rule(
                f"weights format {a.weights_format} (shuffled) is not supported",
                "convert the model again without shuffled weights",
            )
        if not shaped:
            yield from bias_rules(op, op.input(1).shape[0])
            yield from filter_rules(op, 0)

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        units, _ = op.input(1).shape
        if op.attributes.keep_num_dims:
            return [(*op.input().shape[:-1], units)]
        return [(batches(op), units)]

    def macs(self, op: OpView) -> int:
        return batches(op) * op.input(1).elements


def batches(op: OpView) -> int:
    """Number of vectors in the input of a layer that keeps its rules."""
    return math.prod(op.input().shape) // op.input(1).shape[1]


def _shape_rules(op: OpView) -> Iterator[Rule]:
    weights, source = op.input(1), op.input()
    if len(weights.shape) != 2 or 0 in weights.shape:
        yield Rule(
            f"weights {weights.name!r} are {weights.describe()}, but must be [units, inputs]",
            "convert the model again",
        )
        return
    depth = weights.shape[1]
    whole = bool(source.shape) and source.elements > 0 and source.elements % depth == 0
    if not whole or (op.attributes.keep_num_dims and source.shape[-1] != depth):
        yield Rule(
            f"input {source.describe()} does not divide into vectors of {depth} elements",
            "reshape the input to vectors as long as the weights are wide",
        )


OPERATORS = (FullyConnected(),)
