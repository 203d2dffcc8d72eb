# SPDX-License-Identifier: Apache-2.0
"""Which channels an op makes necessary: of its inputs, given those of its results, and back.

`needs` answers for one op, given the channels that are known to be necessary so far. It may be
asked again and again: more channels never make fewer necessary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.portable.conv import geometry
from microlith.kernels.portable.fully_connected import centred_weights
from microlith.ops.reduce import reduced_axes
from microlith.ops.shape import concat_axis, paddings
from microlith.passes.range_rules import INT32, biases, reshape_labels, tap_sums
from microlith.passes.ranges import Ranges, channels_of, understood

Masks = Mapping[int, Array]
"""bool[channels] by tensor, of the tensors whose channels may be dropped."""

Labels = list[tuple[int, Array]]
"""Tensors with a number for each channel: channels of equal numbers exist together or not at all.
"""


@dataclass(frozen=True, eq=False)
class Mixer:
    """An op each of whose outputs is a sum over all channels of its input.

    `weighs[o, c]`: output o changes with input channel c, or feels that c, although constant, is
    absent from windows that reach over a border. `shift[o, c]`: what a constant channel adds to
    the accumulator. `varies[o]`: the output is not constant. `bias` is the bias before.
    """

    source: int
    result: int
    weighs: Array
    shift: Array
    varies: Array
    bias: Array

    def needs(self, kept: Masks) -> Iterator[tuple[int, Array]]:
        live = kept[self.result] & self.varies
        needed: Array = np.asarray(self.weighs[live].any(axis=0))
        if not all(int(bias) in INT32 for bias in self.folded(needed)[live]):
            needed = needed | (self.shift[live] != 0).any(axis=0)
        yield self.source, needed

    def folded(self, kept: Array) -> Array:
        """Biases that stand for the constants of the channels that are not `kept`."""
        folded: Array = self.bias + self.shift[:, ~kept].sum(axis=1)
        return folded


@dataclass(frozen=True, eq=False)
class Tie:
    """An op that computes each channel by itself: what exists of its input exists of its result."""

    results: tuple[int, ...]
    labels: Labels

    def needs(self, kept: Masks) -> Iterator[tuple[int, Array]]:
        if any(kept[result].any() for result in self.results):
            count = 1 + max(int(labels.max()) for _, labels in self.labels)
            necessary = np.zeros(count, bool)
            for tensor, labels in self.labels:
                necessary[labels[kept[tensor]]] = True
            yield from ((tensor, necessary[labels]) for tensor, labels in self.labels)


@dataclass(frozen=True, eq=False)
class Opaque:
    """An op that needs all channels of all its tensors."""

    tensors: tuple[int, ...]

    def needs(self, kept: Masks) -> Iterator[tuple[int, Array]]:
        yield from ((tensor, np.ones_like(kept[tensor])) for tensor in self.tensors)


Flow = Mixer | Tie | Opaque


def flow_of(op: OpView, kept: Masks, ranges: Mapping[int, Ranges]) -> Flow:
    """How channels flow through `op`; `kept` has the tensors whose channels may be dropped."""
    named = {i for i in (*op.op.inputs, *op.op.outputs) if i >= 0}
    opaque = Opaque(tuple(sorted(named & set(kept))))
    varying = {i for i in named if not op.tensors[i].is_constant}
    if len(op.op.outputs) != 1 or not varying <= set(kept) or not understood(op):
        return opaque
    if op.op.kind in _MIXERS:
        return _MIXERS[op.op.kind](op, ranges) or opaque
    labels = _LABELS[op.op.kind](op) if op.op.kind in _LABELS else None
    if labels is None:
        return opaque
    return Tie(op.op.outputs, [(tensor, numbers) for tensor, numbers in labels if tensor in kept])


def _convolution(op: OpView, ranges: Mapping[int, Ranges]) -> Mixer | None:
    shape = geometry(op)
    if shape.groups > 1:
        return None
    weights = shape.weights.astype(np.int64)
    source = ranges[op.op.inputs[0]]
    added = tap_sums(op, weights * (source.low - op.input().zero_point))
    uneven = (added != added[0]).any(axis=0)
    return _mixer(op, ranges, (weights != 0).any(axis=(1, 2)), added[0], uneven)


def _fully_connected(op: OpView, ranges: Mapping[int, Ranges]) -> Mixer | None:
    source, weights = ranges[op.op.inputs[0]], centred_weights(op).astype(np.int64)
    channels = len(source.low)
    if weights.shape[1] % channels:
        return None
    tiles = weights.reshape(len(weights), -1, channels)
    added = (tiles * (source.low - op.input().zero_point)).sum(axis=1)
    return _mixer(op, ranges, (tiles != 0).any(axis=1), added, np.zeros_like(added, bool))


def _mixer(
    op: OpView, ranges: Mapping[int, Ranges], reads: Array, added: Array, uneven: Array
) -> Mixer:
    """`reads`, `added`, `uneven` are [outputs, channels]: whether there is a weight, what the
    channel adds to accumulators if it is constant, and whether that differs from place to place."""
    constant = ranges[op.op.inputs[0]].constant
    return Mixer(
        source=op.op.inputs[0],
        result=op.op.outputs[0],
        weighs=np.where(constant, uneven, reads),
        shift=np.where(constant, added, 0),
        varies=~ranges[op.op.outputs[0]].constant,
        bias=biases(op, len(added)),
    )


def _same(op: OpView) -> Labels | None:
    """Inputs and results of equal channels."""
    numbers = np.arange(channels_of(op.output()))
    return [(tensor, numbers) for tensor in (*op.op.inputs[:1], *op.op.outputs)]


def _depthwise(op: OpView) -> Labels | None:
    outputs, inputs = channels_of(op.output()), channels_of(op.input())
    return [
        (op.op.inputs[0], np.arange(inputs)),
        (op.op.outputs[0], np.arange(outputs) // (outputs // inputs)),
    ]


def _broadcast(op: OpView) -> Labels | None:
    channels = channels_of(op.output())
    if any(channels_of(t) != channels and not t.is_constant for t in op.inputs):
        return None
    return [(i, np.arange(channels)) for i in (*op.op.inputs, *op.op.outputs)]


def _mean(op: OpView) -> Labels | None:
    return None if len(op.input().shape) - 1 in reduced_axes(op) else _same(op)


def _pad(op: OpView) -> Labels | None:
    return None if any(paddings(op)[-1]) else _same(op)


def _concatenation(op: OpView) -> Labels | None:
    channels = channels_of(op.output())
    if concat_axis(op) != len(op.output().shape) - 1:
        return [(i, np.arange(channels)) for i in (*op.op.inputs, *op.op.outputs)]
    labels: Labels = [(op.op.outputs[0], np.arange(channels))]
    first = 0
    for index, tensor in zip(op.op.inputs, op.inputs, strict=True):
        labels.append((index, np.arange(first, first + channels_of(tensor))))
        first += channels_of(tensor)
    return labels


def _reshape(op: OpView) -> Labels | None:
    before, after = reshape_labels(op.input(), op.output())
    return [(op.op.inputs[0], before), (op.op.outputs[0], after)]


_MIXERS: Mapping[str, Callable[[OpView, Mapping[int, Ranges]], Mixer | None]] = {
    "CONV_2D": _convolution,
    "FULLY_CONNECTED": _fully_connected,
}

_LABELS: Mapping[str, Callable[[OpView], Labels | None]] = {
    "DEPTHWISE_CONV_2D": _depthwise,
    "ADD": _broadcast,
    "MUL": _broadcast,
    "MEAN": _mean,
    "PAD": _pad,
    "CONCATENATION": _concatenation,
    "RESHAPE": _reshape,
    **dict.fromkeys(
        ("RELU", "RELU6", "LOGISTIC", "ABS", "QUANTIZE", "AVERAGE_POOL_2D", "MAX_POOL_2D"), _same
    ),
}
"""Operators that compute each channel by itself."""
