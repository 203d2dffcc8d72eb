# SPDX-License-Identifier: Apache-2.0
"""How messages name the parts of a model."""

from __future__ import annotations

from microlith.ir.graph import Op, Subgraph

LONGEST_NAME = 60
"""Characters. Converters join the names of fused layers to several hundred."""


def tensor_label(index: int, name: str) -> str:
    """`tensor 'conv1/Relu'`, or `tensor 7` where the file gives it no name."""
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 3]}..."
    return f"tensor {name!r}" if name else f"tensor {index}"


def op_label(op: Op, subgraph: Subgraph) -> str:
    """`op 3 (CONV_2D), tensor 'conv1/Relu'`: an op is known by its first output."""
    if not op.outputs:
        return op.label
    result = op.outputs[0]
    return f"{op.label}, {tensor_label(result, subgraph.tensors[result].name)}"


def subgraph_label(index: int) -> str:
    """Nothing for the main subgraph, which most models have alone."""
    return f"subgraph {index}" if index else ""
