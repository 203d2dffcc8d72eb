# SPDX-License-Identifier: Apache-2.0
"""Lets convolutions and maxima pad the image themselves, in place of a PAD before them.

A layer of padding `same` reads zero points outside the image, which is what PAD adds. So a PAD of
height and width before a layer of padding `valid` is superfluous where `same` on the smaller image
has as many outputs and as much padding before the first row and column. A maximum does not count
what is outside: there, no element of the image may be less than the zero point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from microlith.ir.graph import DType, Op, OpView, Subgraph
from microlith.ops.conv import conv_extents
from microlith.ops.pooling import pool_extents
from microlith.ops.shape import pad_value, paddings
from microlith.passes.base import Pass, per_subgraph
from microlith.passes.elements import same_meaning
from microlith.passes.range_rules import RULES
from microlith.passes.ranges import Ranges, channel_ranges, understood

EXTENTS = {
    "CONV_2D": conv_extents,
    "DEPTHWISE_CONV_2D": conv_extents,
    "MAX_POOL_2D": pool_extents,
}


def fold_pads(subgraph: Subgraph) -> Subgraph:
    """`subgraph` with layers that read the input of a PAD; the PAD stays, perhaps unread."""
    pads = {op.outputs[0]: op for op in subgraph.ops if op.kind == "PAD"}
    if not pads:
        return subgraph
    ranges = channel_ranges(subgraph, RULES)

    def folded(op: Op) -> Op:
        pad = pads.get(op.inputs[0]) if op.inputs and op.kind in EXTENTS else None
        return op if pad is None else _padding_itself(subgraph, pad, op, ranges)

    return replace(subgraph, ops=tuple(map(folded, subgraph.ops)))


def _padding_itself(subgraph: Subgraph, pad: Op, op: Op, ranges: Mapping[int, Ranges]) -> Op:
    """`op` on the input of `pad`, or as it is if that would change its results."""
    before, layer = subgraph.view(pad), subgraph.view(op)
    if not understood(before) or not understood(layer) or op.attributes.padding != "valid":
        return op
    attributes = replace(op.attributes, padding="same")
    folded = replace(op, inputs=(pad.inputs[0], *op.inputs[1:]), attributes=attributes)
    same = _adds_zero_points(before) and _same_windows(before, layer, subgraph.view(folded))
    if not same or not _ignores_zeros(layer, pad, ranges):
        return op
    return folded


def _adds_zero_points(pad: OpView) -> bool:
    """Whether elements keep their meaning and those added are zero, around height and width."""
    source, result = pad.input(), pad.output()
    rank = len(source.shape)
    pads = paddings(pad)
    if rank != 4 or any(pads[0]) or any(pads[3]):
        return False
    if source.dtype == DType.INT8:
        is_zero = source.quantization is not None and pad_value(pad) == source.zero_point
    else:
        is_zero = source.dtype == DType.FLOAT32
    return is_zero and same_meaning(replace(source, shape=result.shape), result)


def _same_windows(pad: OpView, layer: OpView, folded: OpView) -> bool:
    """Whether windows lie where they lay; what they lack after the last row is zero in any case."""
    extents = EXTENTS[layer.op.kind]
    pairs = zip(extents(layer), extents(folded), paddings(pad)[1:3], strict=True)
    return all(old.out == new.out and new.pad_before == before for old, new, (before, _) in pairs)


def _ignores_zeros(layer: OpView, pad: Op, ranges: Mapping[int, Ranges]) -> bool:
    """Whether it makes no difference if zeros outside the image take part or not."""
    if layer.op.kind != "MAX_POOL_2D":
        weights = layer.input(1).data
        return weights is not None and bool(np.isfinite(weights).all())
    known = ranges.get(pad.inputs[0])
    return known is not None and bool((known.low >= layer.input().zero_point).all())


PASS = Pass(
    "fold_pads",
    "lets convolutions and maxima pad the image themselves",
    per_subgraph(fold_pads),
)
