# SPDX-License-Identifier: Apache-2.0
"""Removes ops that change nothing: their readers read what they were given.

Such are RESHAPE to the same shape, PAD by nothing, CONCATENATION of one tensor, QUANTIZE to the
same scale, and any row of QUANTIZE, DEQUANTIZE and int8 activations that gives back every value
that can occur (a RELU behind a layer that has one, real numbers between equal scales).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from microlith.ir.graph import Array, Graph, Op, OpView, Subgraph, Tensor
from microlith.ops.shape import paddings
from microlith.passes.base import Pass, per_subgraph_with_ports
from microlith.passes.elements import ELEMENTWISE, applied, same_meaning, values_of
from microlith.passes.range_rules import RULES
from microlith.passes.ranges import Ranges, channel_ranges, understood

MOVING = frozenset(["RESHAPE", "PAD", "CONCATENATION"])
"""Operators that change no element, and may have nothing to move."""


def remove_no_ops(graph: Graph) -> Graph:
    """The graph without them. What an output of the model would have been is computed in its
    place, unless that is an input or another output."""
    return per_subgraph_with_ports(graph, _without)


def _without(subgraph: Subgraph, ports: frozenset[int]) -> Subgraph:
    if not any(op.kind in ELEMENTWISE or op.kind in MOVING for op in subgraph.ops):
        return subgraph
    ranges = channel_ranges(subgraph, RULES)
    producers: dict[int, Op] = {}
    instead: dict[int, int] = {}
    kept: list[Op] = []
    for original in subgraph.ops:
        op = replace(original, inputs=tuple(instead.get(i, i) for i in original.inputs))
        same = _same_as(op, subgraph, producers, ranges)
        producers |= dict.fromkeys(op.outputs, op)
        if same is not None and op.outputs[0] not in ports:
            instead[op.outputs[0]] = same
        elif same is not None and same in producers and same not in ports:
            instead[same] = op.outputs[0]
            kept = [_renamed(other, same, op.outputs[0]) for other in kept]
            producers |= {tensor: made for made in kept for tensor in made.outputs}
        else:
            kept.append(op)
    return replace(subgraph, ops=tuple(kept))


def _renamed(op: Op, old: int, new: int) -> Op:
    def name(tensors: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(new if tensor == old else tensor for tensor in tensors)

    return replace(op, inputs=name(op.inputs), outputs=name(op.outputs))


def _same_as(
    op: Op, subgraph: Subgraph, producers: Mapping[int, Op], ranges: Mapping[int, Ranges]
) -> int | None:
    """The earliest tensor that the result of `op` equals on every input, or None."""
    if len(op.outputs) != 1 or any(subgraph.tensors[i].is_variable for i in op.inputs if i >= 0):
        return None
    view = subgraph.view(op)
    if not _moves_nothing(view):
        return _first_equal(_row(op, producers), subgraph, ranges)
    return op.inputs[0] if same_meaning(view.input(), view.output()) else None


def _moves_nothing(op: OpView) -> bool:
    if op.op.kind not in MOVING or not understood(op):
        return False
    if op.op.kind == "PAD":
        return not any(n for pair in paddings(op) for n in pair)
    return op.op.kind == "RESHAPE" or len(op.op.inputs) == 1


def _row(op: Op, producers: Mapping[int, Op]) -> Iterator[Op]:
    """`op` and what computes its first input, and that op's, and so on."""
    found: Op | None = op
    while found is not None and len(found.outputs) == 1 and found.inputs and found.inputs[0] >= 0:
        yield found
        found = producers.get(found.inputs[0])


def _first_equal(row: Iterator[Op], subgraph: Subgraph, ranges: Mapping[int, Ranges]) -> int | None:
    """The earliest source in a `row` of ops, last one first, that the row's result equals."""
    equal: int | None = None
    result: Tensor | None = None
    functions: list[OpView] = []
    for op in row:
        functions.insert(0, subgraph.view(op))
        source = subgraph.tensors[op.inputs[0]]
        result = result or functions[-1].output()
        if op.kind not in ELEMENTWISE:
            break
        values = values_of(source, ranges.get(op.inputs[0]))
        fixed = source.is_constant or source.is_variable
        if values is None or fixed or not same_meaning(source, result):
            continue
        results: Array | None = values
        for function in functions:
            results = None if results is None else applied(function, results)
        if results is not None and np.array_equal(results, values):
            equal = op.inputs[0]
    return equal


PASS = Pass("no_ops", "removes ops that change nothing", remove_no_ops)
