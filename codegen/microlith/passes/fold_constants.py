# SPDX-License-Identifier: Apache-2.0
"""Computes at compile time what depends on constants alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from microlith.ir.graph import Array, Op, OpView, Subgraph, Tensor
from microlith.ops import BY_NAME
from microlith.ops.base import constant_results
from microlith.passes.base import Pass, per_subgraph


def fold(subgraph: Subgraph) -> Subgraph:
    """Replaces ops that read constants only by their results, where the operator can evaluate
    itself exactly. An op that makes an output of the subgraph stays: outputs need memory."""
    tensors = list(subgraph.tensors)
    kept: list[Op] = []
    for op in subgraph.ops:
        results = None if set(op.outputs) & set(subgraph.outputs) else _evaluate(op, tensors)
        if results is None:
            kept.append(op)
            continue
        for index, data in zip(op.outputs, results, strict=True):
            assert data.shape == tensors[index].shape, f"{op.label} evaluates to {data.shape}"
            tensors[index] = replace(tensors[index], data=data)
    return replace(subgraph, tensors=tuple(tensors), ops=tuple(kept))


def _evaluate(op: Op, tensors: Sequence[Tensor]) -> list[Array] | None:
    operator = BY_NAME.get(op.kind)
    return None if operator is None else constant_results(operator, OpView(op, tuple(tensors)))


PASS = Pass(
    "fold_constants",
    "computes at compile time what depends on constants alone",
    per_subgraph(fold),
)
