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
