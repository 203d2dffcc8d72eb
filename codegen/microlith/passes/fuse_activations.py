# SPDX-License-Identifier: Apache-2.0
"""Lets int8 layers apply the activation that follows them.

A layer ends in a clamp; so does RELU, when its scale and zero point are those of the layer's
result. Whether one clamp, as the layer's own fused activation, does what the two do is decided by
comparing them for every value of int8. Float activations stay: the fused clamp turns infinity into
the largest number, RELU does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from microlith.ir.graph import Array, DType, Graph, Op, OpView, Subgraph
from microlith.kernels.quantize_math import activation_range
from microlith.ops.attributes import ACTIVATIONS, CLAMPS
from microlith.passes.base import Pass, per_subgraph_with_ports
from microlith.passes.elements import applied, same_meaning
from microlith.passes.ranges import LEAST, MOST, understood

FUSING = frozenset(
    (
        *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MUL"),
        *("AVERAGE_POOL_2D", "MAX_POOL_2D"),
    )
)
"""Operators with a fused activation."""


def fuse_activations(graph: Graph) -> Graph:
    """The graph with activations fused; a layer takes the place of its activation."""
    return per_subgraph_with_ports(graph, _fused)


def _fused(subgraph: Subgraph, ports: frozenset[int]) -> Subgraph:
    readers = Counter(tensor for op in subgraph.ops for tensor in op.inputs)
    producers: dict[int, Op] = {}
    kept: list[Op] = []
    for op in subgraph.ops:
        source = op.inputs[0] if op.inputs else -1
        layer = producers.get(source) if readers[source] == 1 and source not in ports else None
        activation = None if layer is None else _activation(subgraph, layer, op)
        kept.append(op)
        if layer is not None and activation is not None:
            kept.remove(layer)
            attributes = replace(layer.attributes, activation=activation)
            kept[-1] = replace(
                layer,
                index=op.index,
                outputs=op.outputs,
                attributes=attributes,
                merged_from=layer.origin,
            )
        producers |= dict.fromkeys(op.outputs, kept[-1])
    return replace(subgraph, ops=tuple(kept))


def _activation(subgraph: Subgraph, layer: Op, op: Op) -> str | None:
    """The fused activation by which `layer` does what `op` does after it, or None."""
    before, after = subgraph.view(layer), subgraph.view(op)
    if layer.kind not in FUSING or before.output().dtype != DType.INT8 or not understood(before):
        return None
    if len(op.outputs) != 1 or not same_meaning(before.output(), after.output()):
        return None
    accumulated = np.arange(LEAST, MOST + 1).astype(np.int8)
    wanted = applied(after, _clamped(before, before.attributes.activation, accumulated))
    for activation in (name for name in ACTIVATIONS if name in CLAMPS):
        if wanted is not None and np.array_equal(_clamped(after, activation, accumulated), wanted):
            return activation
    return None


def _clamped(op: OpView, activation: str, values: Array) -> Array:
    """`values` after a fused activation whose result is that of `op`."""
    low, high = activation_range(activation, op.output())
    return np.clip(values, low, high)


PASS = Pass(
    "fuse_activations",
    "lets int8 layers apply the activation that follows them",
    fuse_activations,
)
