# SPDX-License-Identifier: Apache-2.0
"""Activations as operators of their own: RELU, RELU6, LOGISTIC, SOFTMAX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from microlith.ir.graph import DType, OpView
from microlith.ops.base import OptionField, Options, Rule, quantised
from microlith.ops.elementwise_unary import RescaledUnary, Unary

UNIT_SCALE = 1 / 256
"""Output scale of int8 operators whose results lie in [0, 1]."""

LARGEST_SOFTMAX_DEPTH = 4095
"""Elements of an int8 softmax: their exponentials are summed in 12 integer bits."""


class Relu(RescaledUnary):
    name = "RELU"
    summary = "max(x, 0)"


class Relu6(RescaledUnary):
    name = "RELU6"
    summary = "min(max(x, 0), 6)"


class Logistic(Unary):
    name = "LOGISTIC"
    summary = "1 / (1 + exp(-x))"

    def rules(self, op: OpView) -> Iterator[Rule]:
        broken = [*quantised(op.input(), op.output())]
        yield from broken
        if not broken and op.output().dtype == DType.INT8 and op.output().scale != UNIT_SCALE:
            yield Rule(
                f"int8 output has scale {op.output().scale:g}, but LOGISTIC is defined for 1/256",
                "convert the model again with TensorFlow's own quantiser",
            )


@dataclass(frozen=True)
class SoftmaxAttributes:
    """Softmax of beta * x."""

    beta: float


class Softmax(Unary):
    name = "SOFTMAX"
    summary = "exp(beta * x), divided by its sum along the last axis"
    options = Options("SoftmaxOptions", (OptionField(0, "beta", "float", 0.0),))

    def attributes(self, options: Mapping[str, Any]) -> SoftmaxAttributes:
        return SoftmaxAttributes(float(options["beta"]))

    def rules(self, op: OpView) -> Iterator[Rule]:
        if not op.input().shape:
            yield Rule("the input is a scalar", "give it at least one axis")
        broken = [*quantised(op.input(), op.output())]
        yield from broken
        if not broken and op.output().dtype == DType.INT8:
            yield from _int8_softmax_rules(op)


def _int8_softmax_rules(op: OpView) -> Iterator[Rule]:
    output = op.output()
    if output.zero_point != -128 or abs(output.scale - UNIT_SCALE) > UNIT_SCALE / 1000:
        yield Rule(
            f"int8 output has scale {output.scale:g} and zero point {output.zero_point}, but "
            "SOFTMAX is defined for 1/256 and -128",
            "convert the model again with TensorFlow's own quantiser",
        )
    if not op.attributes.beta * op.input().scale * 2**26 > 1:
        yield Rule(
            f"beta {op.attributes.beta:g} times the input's scale {op.input().scale:g} is too "
            "small for fixed-point arithmetic",
            "use a beta of 1 and quantise the model again",
        )
    if op.input().shape and op.input().shape[-1] > LARGEST_SOFTMAX_DEPTH:
        yield Rule(
            f"the last axis has {op.input().shape[-1]} elements, more than {LARGEST_SOFTMAX_DEPTH}",
            "keep this layer in float32",
        )


OPERATORS = (Relu(), Relu6(), Logistic(), Softmax())
