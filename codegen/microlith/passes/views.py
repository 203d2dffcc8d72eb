# SPDX-License-Identifier: Apache-2.0
"""Turns ops that only rename a tensor's shape into views of its bytes."""

from __future__ import annotations

from dataclasses import replace

from microlith.ir.graph import Op, Subgraph
from microlith.passes.base import Pass, per_subgraph

RENAMING = frozenset(["RESHAPE"])
"""Operators whose output is, byte for byte, their first input."""


def share(subgraph: Subgraph) -> Subgraph:
    """Removes renaming ops and makes their outputs views, wherever that is safe."""
    kept: list[Op] = []
    for op in subgraph.ops:
        if op.kind in RENAMING and _is_safe(op, subgraph):
            tensors = list(subgraph.tensors)
            tensors[op.outputs[0]] = replace(tensors[op.outputs[0]], view_of=op.inputs[0])
            subgraph = replace(subgraph, tensors=tuple(tensors))
        else:
            kept.append(op)
    return replace(subgraph, ops=tuple(kept))


def _is_safe(op: Op, subgraph: Subgraph) -> bool:
    """Whether the output may share the input's bytes.

    Not when the bytes are constant (views lie in the arena), or belong to a variable (a later op
    may update it while the view still stands for the old state). Inputs and outputs of the model
    belong to the application: an output never shares bytes with an input or with another output.
    """
    source, result = op.inputs[0], op.outputs[0]
    root = subgraph.storage(source)
    tensor = subgraph.tensors[root]
    if tensor.is_constant or tensor.is_variable or subgraph.tensors[result].is_variable:
        return False
    if result not in subgraph.outputs:
        return True
    taken = {subgraph.storage(index) for index in (*subgraph.inputs, *subgraph.outputs)}
    return root not in taken


PASS = Pass("views", "lets reshaped tensors share the bytes of the original", per_subgraph(share))
