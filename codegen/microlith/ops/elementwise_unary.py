# SPDX-License-Identifier: Apache-2.0
"""Operators on one tensor, element by element: ABS. Activations are in `activation`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from microlith.ir.graph import DType, OpView
from microlith.ops.base import Operator, Rule, Types, quantised, rescaled, symmetric


class Unary(Operator):
    """What operators on one tensor have in common: an output of the same type and shape."""

    versions = range(1, 4)
    types = tuple(Types((dtype,), (dtype,)) for dtype in (DType.INT8, DType.INT16, DType.FLOAT32))

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        return [op.input().shape]


class RescaledUnary(Unary):
    """A function of an element whose int8 result is brought from the input's scale to the output's
    in fixed-point arithmetic."""

    def rules(self, op: OpView) -> Iterator[Rule]:
        broken = [*quantised(op.input(), op.output()), *symmetric(op.input(), op.output())]
        yield from broken or rescaled(op.input(), op.output())


class Abs(RescaledUnary):
    name = "ABS"
    summary = "Magnitude of each element"


OPERATORS = (Abs(),)
