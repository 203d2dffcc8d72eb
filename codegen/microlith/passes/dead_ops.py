# SPDX-License-Identifier: Apache-2.0
"""Removes ops whose results nobody reads."""

from __future__ import annotations

from dataclasses import replace

from microlith.ir.graph import DType, Graph, Op, Subgraph
from microlith.passes.base import Pass

_CONTROL_FLOW = frozenset(["IF", "WHILE", "CALL", "CALL_ONCE"])
"""Ops whose subgraphs may have effects."""


def remove_dead_ops(graph: Graph) -> Graph:
    """Keeps ops that lead to an output of their subgraph or of a signature, or have effects."""
    subgraphs = []
    for number, subgraph in enumerate(graph.subgraphs):
        named = {
            tensor
            for signature in graph.signatures
            if signature.subgraph == number
            for _, tensor in signature.outputs
        }
        subgraphs.append(_live(subgraph, named | set(subgraph.outputs)))
    return replace(graph, subgraphs=tuple(subgraphs))


def _live(subgraph: Subgraph, wanted: set[int]) -> Subgraph:
    read = set(wanted)
    kept: list[Op] = []
    for op in reversed(subgraph.ops):
        if read & set(op.outputs) or _has_effects(op, subgraph):
            kept.append(op)
            read |= set(op.inputs)
    return replace(subgraph, ops=tuple(reversed(kept)))


def _has_effects(op: Op, subgraph: Subgraph) -> bool:
    """Whether an op does more than compute its outputs: it may update a variable."""
    tensors = [subgraph.tensors[index] for index in (*op.inputs, *op.outputs) if index >= 0]
    return (
        not op.outputs
        or op.kind in _CONTROL_FLOW
        or any(t.is_variable or t.dtype == DType.RESOURCE for t in tensors)
    )


PASS = Pass("dead_ops", "removes ops whose results nobody reads", remove_dead_ops)
