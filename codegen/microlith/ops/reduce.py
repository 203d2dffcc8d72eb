# SPDX-License-Identifier: Apache-2.0
"""Reductions along axes: MEAN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from microlith.ir.graph import DType, OpView
from microlith.ops.base import (
    Operator,
    OptionField,
    Options,
    Rule,
    Types,
    quantised,
    rescaled,
    symmetric,
)


@dataclass(frozen=True)
class ReduceAttributes:
    """`keep_dims`: a reduced axis stays, with extent 1."""

    keep_dims: bool


class Mean(Operator):
    name = "MEAN"
    summary = "Mean along constant axes"
    versions = range(1, 4)
    options = Options("ReducerOptions", (OptionField(0, "keep_dims", "bool", False),))
    arity = (2, 2)
    constant_inputs = (1,)
    types = (
        Types((DType.INT8, DType.INT32), (DType.INT8,)),
        Types((DType.INT16, DType.INT32), (DType.INT16,)),
        Types((DType.FLOAT32, DType.INT32), (DType.FLOAT32,)),
    )

    def attributes(self, options: Mapping[str, Any]) -> ReduceAttributes:
        return ReduceAttributes(bool(options["keep_dims"]))

    def rules(self, op: OpView) -> Iterator[Rule]:
        rank = len(op.input().shape)
        wrong = [axis for axis in _listed_axes(op) if rank and not -rank <= axis < rank]
        if wrong:
            yield Rule(
                f"axis {wrong[0]} does not exist in {op.input().describe()}",
                f"choose axes from {-rank} to {rank - 1}",
            )
        broken = [*quantised(op.input(), op.output()), *symmetric(op.input(), op.output())]
        yield from broken or rescaled(op.input(), op.output())

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        reduced, keep_dims = reduced_axes(op), op.attributes.keep_dims
        extents = [1 if a in reduced else n for a, n in enumerate(op.input().shape)]
        return [tuple(n for a, n in enumerate(extents) if keep_dims or a not in reduced)]


def reduced_axes(op: OpView) -> frozenset[int]:
    """Axes of the input that are reduced, counted from 0. A scalar has none."""
    rank = len(op.input().shape)
    return frozenset(axis % rank for axis in _listed_axes(op)) if rank else frozenset()


def _listed_axes(op: OpView) -> list[int]:
    axes = op.input(1).data
    assert axes is not None, "the axes are constant by rule"
    return [int(axis) for axis in axes.reshape(-1)]


OPERATORS = (Mean(),)
