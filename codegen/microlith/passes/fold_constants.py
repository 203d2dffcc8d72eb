# SPDX-License-Identifier: Apache-2.0
"""Computes at compile time what depends on constants alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from microlith.ir.graph import Array, Op, OpView, Subgraph, Tensor
from microlith.ops import BY_NAME
from microlith.ops.base import constant_results
from microlith.passes.base import Pass, per_subgraph


def fold(subgraph: Subgraph, *, grows: bool = True) -> Subgraph:
    """Replaces ops that read constants only by their results, where the operator can evaluate
    itself exactly. An op that makes an output of the subgraph stays: outputs need memory. Without
    `grows`, so do ops whose results have more bytes than what they read."""
    tensors = list(subgraph.tensors)
    kept: list[Op] = []
    for op in subgraph.ops:
        results = None if set(op.outputs) & set(subgraph.outputs) else _evaluate(op, tensors)
        if results is None or not (grows or _bytes(results) <= _bytes(_data(op, tensors))):
            kept.append(op)
            continue
        for index, data in zip(op.outputs, results, strict=True):
            assert data.shape == tensors[index].shape, f"{op.label} evaluates to {data.shape}"
            tensors[index] = replace(tensors[index], data=data)
    return replace(subgraph, tensors=tuple(tensors), ops=tuple(kept))


def _bytes(arrays: Iterable[Array]) -> int:
    return sum(array.nbytes for array in arrays)


def _data(op: Op, tensors: Sequence[Tensor]) -> Iterator[Array]:
    for index in op.inputs:
        data = tensors[index].data if index >= 0 else None
        if data is not None:
            yield data


def _evaluate(op: Op, tensors: Sequence[Tensor]) -> list[Array] | None:
    operator = BY_NAME.get(op.kind)
    return None if operator is None else constant_results(operator, OpView(op, tuple(tensors)))


PASS = Pass(
    "fold_constants",
    "computes at compile time what depends on constants alone",
    per_subgraph(fold),
)

COMPACT = replace(PASS, run=per_subgraph(partial(fold, grows=False)))
"""The same for files: half-precision weights, for one, stay half as large."""
