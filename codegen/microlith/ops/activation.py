# SPDX-License-Identifier: Apache-2.0
"""Activations as operators of their own: RELU, RELU6, LOGISTIC, SOFTMAX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from microlith.ir.graph import DType, OpView
from microlith.ops.base import OptionField, Options, Rule, quantised, symmetric
from microlith.ops.elementwise_unary import RescaledUnary, Unary

UNIT_SCALE = {DType.INT8: 1 / 256, DType.INT16: 1 / 32768}
"""Output scale of quantised operators whose results lie in [0, 1]."""

UNIT_ZERO_POINT = {DType.INT8: -128, DType.INT16: 0}
"""Zero point of these results."""

LARGEST_SOFTMAX_DEPTH = {DType.INT8: 4095, DType.INT16: 65535}
"""Elements of a quantised softmax: their exponentials, up to 1 each, are summed in 12 integer bits
(int8) or 16."""

LARGEST_LOGISTIC_SCALE = 5.0
"""Input scale of an int16 LOGISTIC from which its products overflow in the reference."""


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
        broken = [*quantised(op.input(), op.output()), *symmetric(op.input(), op.output())]
        yield from broken
        output = op.output()
        if broken or output.dtype not in UNIT_SCALE:
            return
        if output.scale != UNIT_SCALE[output.dtype]:
            yield Rule(
                f"{output.dtype.value} output has scale {output.scale:g}, but LOGISTIC is defined "
                f"for 1/{1 / UNIT_SCALE[output.dtype]:.0f}",
                "convert the model again with TensorFlow's own quantiser",
            )
        if output.dtype == DType.INT16 and op.input().scale > LARGEST_LOGISTIC_SCALE:
            yield Rule(
                f"int16 input has scale {op.input().scale:g}, more than {LARGEST_LOGISTIC_SCALE}",
                "quantise the model again with data that represents the input's range",
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
        broken = [*quantised(op.input(), op.output()), *symmetric(op.input(), op.output())]
        yield from broken
        if not broken and op.output().dtype in UNIT_SCALE:
            yield from _quantised_softmax_rules(op)


def _quantised_softmax_rules(op: OpView) -> Iterator[Rule]:
    output, dtype = op.output(), op.output().dtype
    scale, zero_point = UNIT_SCALE[dtype], UNIT_ZERO_POINT[dtype]
    if output.zero_point != zero_point or abs(output.scale - scale) > scale / 1000:
        yield Rule(
            f"{dtype.value} output has scale {output.scale:g} and zero point {output.zero_point}, "
            f"but SOFTMAX is defined for 1/{1 / scale:.0f} and {zero_point}",
            "convert the model again with TensorFlow's own quantiser",
        )
    if not op.attributes.beta * op.input().scale * 2**26 > 1:
        yield Rule(
            f"beta {op.attributes.beta:g} times the input's scale {op.input().scale:g} is too "
            "small for fixed-point arithmetic",
            "use a beta of 1 and quantise the model again",
        )
    limit = LARGEST_SOFTMAX_DEPTH[dtype]
    if op.input().shape and op.input().shape[-1] > limit:
        yield Rule(
            f"the last axis has {op.input().shape[-1]} elements, more than {limit}",
            "keep this layer in float32",
        )


OPERATORS = (Relu(), Relu6(), Logistic(), Softmax())
