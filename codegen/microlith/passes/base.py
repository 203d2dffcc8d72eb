# SPDX-License-Identifier: Apache-2.0
"""What a pass is: a pure function from graph to graph, with a name that can be switched off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from microlith.ir.graph import Graph, Subgraph


@dataclass(frozen=True)
class Pass:
    """`summary` says in a line what the graph gains; `run` never changes its argument."""

    name: str
    summary: str
    run: Callable[[Graph], Graph]


def per_subgraph(rewrite: Callable[[Subgraph], Subgraph]) -> Callable[[Graph], Graph]:
    """A pass that treats all subgraphs alike."""
    return lambda graph: replace(graph, subgraphs=tuple(map(rewrite, graph.subgraphs)))


def per_subgraph_with_ports(
    graph: Graph, rewrite: Callable[[Subgraph, frozenset[int]], Subgraph]
) -> Graph:
    """`rewrite` applied to every subgraph with its ports: tensors that others know by number, as
    inputs and outputs of the subgraph or of a signature."""

    def ports(number: int) -> frozenset[int]:
        named = {
            tensor
            for signature in graph.signatures
            if signature.subgraph == number
            for _, tensor in (*signature.inputs, *signature.outputs)
        }
        subgraph = graph.subgraphs[number]
        return frozenset(named | {*subgraph.inputs, *subgraph.outputs})

    rewritten = (rewrite(s, ports(number)) for number, s in enumerate(graph.subgraphs))
    return replace(graph, subgraphs=tuple(rewritten))
