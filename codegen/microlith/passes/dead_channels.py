# SPDX-License-Identifier: Apache-2.0
"""Drops channels of int8 tensors that are constant or that nobody reads.

Why the results stay the same, byte for byte:

1. `ranges` gives each channel an interval that holds all its elements on every input. Inputs of
   the model have the whole of int8. An accumulator is its bias plus one product a tap; the least
   and greatest accumulators add up each product's least and greatest value, over the taps inside
   the image, for every way in which a window can reach over a border. What makes outputs of
   accumulators (requantisation, clamp), and pools, sums and tables, are computed at these ends by
   the operators' own integer arithmetic, and none of them decreases (tables are read throughout).
   An accumulator that might not fit 32 bits, where the reference is undefined, gets the whole
   range. So where both ends meet, the channel *is* that constant. Padded borders need no special
   case: a dead channel whose constant is not the zero point makes borders differ, and it depends
   on the ends after the clamp whether anybody sees it.
2. A convolution or fully connected layer needs a channel of its input only for outputs that are
   not constant, and there only if the channel varies and has a weight, or is constant but adds
   another sum to windows at a border than elsewhere. Every other constant channel adds the same
   weight * (constant - zero point) to each accumulator of an output: its bias takes over this sum,
   exactly, as an integer. Where a bias would leave 32 bits, the channel stays.
3. An output that is constant yet must exist (the model's output has all its channels, an ADD both
   operands) gets no weights and, as bias, an accumulator that step 1 has found to give it.
4. Operators that treat channels apart (depthwise convolution, pools, ADD, CONCATENATION ...) keep a
   channel of their input exactly when they keep that of their result; all others keep all.

What must exist is the least set that obeys 2 to 4, grown from the model's outputs until nothing is
added. Dropping channels tightens no interval, so that a second run would find nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from microlith.ir.graph import Array, Channels, DType, Graph, Op, Subgraph, Tensor
from microlith.passes.base import Pass, per_subgraph_with_ports
from microlith.passes.channel_edits import narrowed
from microlith.passes.channel_flow import Flow, flow_of
from microlith.passes.range_rules import RULES
from microlith.passes.ranges import Ranges, channel_ranges, channels_of


def drop_dead_channels(graph: Graph) -> Graph:
    """The graph without them; `Tensor.channels` tells which are left of a tensor."""
    return per_subgraph_with_ports(graph, _dropped)


def _dropped(subgraph: Subgraph, ports: frozenset[int]) -> Subgraph:
    if any(tensor.dtype == DType.INT4 for tensor in subgraph.tensors):
        return subgraph  # weights two to a byte, as a file holds them
    ranges = channel_ranges(subgraph, RULES)
    computed = {tensor for op in subgraph.ops for tensor in op.outputs}
    kept = {
        index: np.full(channels_of(tensor), index in ports or index not in computed)
        for index, tensor in enumerate(subgraph.tensors)
        if index in ranges and not tensor.is_constant and not tensor.is_variable
    }
    flows = {op.index: flow_of(subgraph.view(op), kept, ranges) for op in subgraph.ops}
    while _grow(kept, flows) or _give_live_ops_an_input(kept, subgraph):
        pass
    live = tuple(op for op in subgraph.ops if _is_live(op, kept))
    partial = {i: mask for i, mask in kept.items() if i in computed and not mask.all()}
    if not partial:
        return subgraph
    noted = list(subgraph.tensors)
    for index, mask in partial.items():
        noted[index] = replace(noted[index], channels=_left(noted[index], mask, ranges[index]))
    return narrowed(replace(subgraph, tensors=tuple(noted), ops=live), partial, flows, ranges)


def _grow(kept: dict[int, Array], flows: Mapping[int, Flow]) -> bool:
    """Adds to `kept`, in place, what ops need; whether that was anything. Last ops come first."""
    before = _count(kept)
    for index in sorted(flows, reverse=True):
        for tensor, needed in flows[index].needs(kept):
            kept[tensor] = kept[tensor] | needed
    return _count(kept) > before


def _give_live_ops_an_input(kept: dict[int, Array], subgraph: Subgraph) -> bool:
    """An op whose results are all constant needs none of its input, but still has to have one."""
    before = _count(kept)
    for op in subgraph.ops:
        for tensor in _inputs_of_live(op, kept):
            if not kept[tensor].any():
                kept[tensor] = np.arange(len(kept[tensor])) == 0
    return _count(kept) > before


def _inputs_of_live(op: Op, kept: Mapping[int, Array]) -> Iterator[int]:
    if _is_live(op, kept) and op.kind != "CONCATENATION":
        yield from (tensor for tensor in op.inputs if tensor in kept)


def _is_live(op: Op, kept: Mapping[int, Array]) -> bool:
    return any(tensor not in kept or kept[tensor].any() for tensor in op.outputs)


def _count(kept: Mapping[int, Array]) -> int:
    return sum(int(mask.sum()) for mask in kept.values())


def _left(tensor: Tensor, mask: Array, ranges: Ranges) -> Channels:
    """What is left of a tensor, in channels of the file's."""
    before = tensor.channels
    names = np.arange(len(mask)) if before is None else np.array(before.kept, np.int64)
    folded = ~mask & ranges.constant
    constants = zip(names[folded].tolist(), ranges.low[folded].tolist(), strict=True)
    return Channels(
        count=len(mask) if before is None else before.count,
        kept=tuple(names[mask].tolist()),
        constants=(*(() if before is None else before.constants), *constants),
    )


PASS = Pass(
    "dead_channels",
    "drops channels that are constant or that nobody reads",
    drop_dead_channels,
)
