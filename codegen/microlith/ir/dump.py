# SPDX-License-Identifier: Apache-2.0
"""Graph and Program as text that diffs well, for --trace and for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from microlith.ir.graph import Graph, Subgraph, Tensor
from microlith.ir.program import BufferRef, ConstantRef, Program, Value


def graph_text(graph: Graph) -> str:
    """One line a tensor and one a op, of every subgraph."""
    return "\n".join(_subgraph(subgraph) for subgraph in graph.subgraphs) + "\n"


def _subgraph(subgraph: Subgraph) -> str:
    used = {i for op in subgraph.ops for i in (*op.inputs, *op.outputs)}
    used |= {*subgraph.inputs, *subgraph.outputs}
    lines = [f"subgraph {subgraph.name!r} {subgraph.inputs} -> {subgraph.outputs}"]
    lines += [f"  {i}: {_tensor(t)}" for i, t in enumerate(subgraph.tensors) if i in used]
    lines += [
        f"  op {op.index} {op.kind} {op.inputs} -> {op.outputs} {op.attributes}"
        for op in subgraph.ops
    ]
    return "\n".join(lines)


def _tensor(tensor: Tensor) -> str:
    q = tensor.quantization
    notes = [
        "constant" if tensor.is_constant else "",
        "variable" if tensor.is_variable else "",
        f"view of {tensor.view_of}" if tensor.view_of is not None else "",
        f"scale {q.scales[0]!r} zero point {q.zero_points[0]}" if q and not q.per_channel else "",
        f"{len(q.scales)} scales on axis {q.axis}" if q and q.per_channel else "",
    ]
    return " ".join([tensor.describe(), repr(tensor.name), *filter(None, notes)])


def program_json(program: Program) -> dict[str, Any]:
    """A JSON-ready form of everything but the constants' values and the model's bytes."""
    return {
        "name": program.name,
        "target": program.target,
        "model": {"name": program.model_name, "sha256": program.model_sha256},
        "inputs": [
            vars(p) | {"dtype": p.dtype.value, "quantization": None} for p in program.inputs
        ],
        "outputs": [
            vars(p) | {"dtype": p.dtype.value, "quantization": None} for p in program.outputs
        ],
        "memory": vars(program.memory),
        "buffers": [
            vars(b) | {"also": list(b.also), "spans": [[*vars(s).values()] for s in b.spans]}
            for b in program.buffers
        ],
        "constants": [
            {"name": c.name, "dtype": c.values.dtype.name, "length": len(c.values)}
            for c in program.constants
        ],
        "calls": [
            vars(c) | {"params": _value(c.params), "outputs": [vars(o) for o in c.outputs]}
            for c in program.calls
        ],
        "steps": [[s.call, s.first, s.count] for s in program.steps],
    }


def program_text(program: Program) -> str:
    """`program_json` as indented text."""
    import json

    return json.dumps(program_json(program), indent=1) + "\n"


def _value(value: Value) -> Any:
    match value:
        case BufferRef(buffer, offset):
            return f"buffer {buffer} + {offset}"
        case ConstantRef(name):
            return f"constant {name}"
        case Mapping():
            return {name: _value(item) for name, item in value.items()}
        case Sequence():
            return [_value(item) for item in value]
        case _:
            return value
