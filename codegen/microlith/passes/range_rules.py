# SPDX-License-Identifier: Apache-2.0
"""How each int8 operator carries ranges of its inputs to its result (see `ranges`).

Every rule computes ends of intervals with the operator's exact integer arithmetic. That is enough:
sums of products are bounded term by term, and requantisation, clamps, averages and sums do not
decrease in what they are applied to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from microlith.ir.graph import Array, OpView, Tensor
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.conv import geometry
from microlith.kernels.portable.elementwise import HEADROOM, product_scale
from microlith.kernels.portable.fully_connected import centred_weights
from microlith.kernels.portable.reduce import mean_multiplier, reduced_count
from microlith.kernels.quantize_math import activation_range, quantize_multiplier, requantize
from microlith.ops.attributes import Extent
from microlith.ops.conv import ConvAttributes, conv_extents
from microlith.ops.reduce import reduced_axes
from microlith.ops.shape import concat_axis, pad_value, paddings
from microlith.passes.elements import ELEMENTWISE, applied
from microlith.passes.ranges import LEAST, MOST, Ranges, Rule, channels_of, whole

INT32 = range(-(2**31), 2**31)


def tap_sums(op: OpView, taps: Array) -> Array:
    """Sums of `taps` [outputs, kernel height, kernel width, ...] over the taps inside the image,
    for every kind of output position (top left, top, ..., bottom right): [positions, outputs, ...].
    """
    a: ConvAttributes = op.attributes
    vertical, horizontal = conv_extents(op)
    _, height, width, _ = op.input().shape
    rows = _visible(vertical, height, taps.shape[1], a.stride_height, a.dilation_height)
    columns = _visible(horizontal, width, taps.shape[2], a.stride_width, a.dilation_width)
    sums = np.einsum("okl...,rk,ql->rqo...", taps, rows, columns)
    positions: Array = sums.reshape(-1, taps.shape[0], *taps.shape[3:])
    return positions


def _visible(extent: Extent, size: int, kernel: int, stride: int, dilation: int) -> Array:
    """Each set of taps that lies inside the image somewhere along an axis: int64[sets, kernel]."""
    first = np.arange(extent.out)[:, None] * stride - extent.pad_before
    at = first + np.arange(kernel)[None, :] * dilation
    return np.unique((at >= 0) & (at < size), axis=0).astype(np.int64)


def accumulators(op: OpView, source: Ranges) -> tuple[Array, Array]:
    """Least and greatest accumulator, bias included, of each output channel of a convolution or
    fully connected layer: int64[outputs]."""
    zero_point = op.input().zero_point
    low, high = source.low - zero_point, source.high - zero_point
    if op.op.kind == "FULLY_CONNECTED":
        weights = centred_weights(op).astype(np.int64)
        places = np.arange(weights.shape[1]) % len(low)
        sums = [ends.sum(axis=1) for ends in _products(weights, low[places], high[places])]
    else:
        shape = geometry(op)
        groups = np.arange(shape.weights.shape[0]) // shape.group_outputs
        places = groups[:, None] * shape.group_inputs + np.arange(shape.group_inputs)
        ends = low[places][:, None, None], high[places][:, None, None]
        found = _products(shape.weights.astype(np.int64), *ends)
        least, most = (tap_sums(op, taps.sum(axis=3)) for taps in found)
        sums = [least.min(axis=0), most.max(axis=0)]
    bias = biases(op, len(sums[0]))
    return sums[0] + bias, sums[1] + bias


def _products(weights: Array, low: Array, high: Array) -> tuple[Array, Array]:
    ends = weights * low, weights * high
    return np.minimum(*ends), np.maximum(*ends)


def biases(op: OpView, outputs: int) -> Array:
    """The bias, or zeros without one: int64[outputs]."""
    data = op.input(2).data if op.has_input(2) else None
    return np.zeros(outputs, np.int64) if data is None else data.reshape(-1).astype(np.int64)


def _accumulated(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    """CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED. A channel whose accumulator might leave 32 bits
    keeps the whole range."""
    low, high = accumulators(op, inputs[0])
    factors = output_factors(op)
    factors *= len(low) // len(factors)
    scale = _scaled_double if op.op.kind == "FULLY_CONNECTED" else _scaled_fixed
    least, most = activation_range(op.attributes.activation, op.output())
    ends = np.array([(least, most)] * len(low), np.int64)
    for channel, factor in enumerate(factors):
        scaled = [scale(int(end), factor) for end in (low[channel], high[channel])]
        for side, value in enumerate(scaled):
            if None not in scaled and value is not None:
                ends[channel, side] = min(max(value + op.output().zero_point, least), most)
    return Ranges(ends[:, 0], ends[:, 1])


def _scaled_fixed(accumulator: int, factor: float) -> int | None:
    multiplier, shift = quantize_multiplier(factor)
    if accumulator not in INT32 or accumulator << max(shift, 0) not in INT32:
        return None
    return requantize(accumulator, multiplier, shift)


def _scaled_double(accumulator: int, factor: float) -> int | None:
    """A product of doubles, rounded to the nearest integer, halves away from zero."""
    scaled = accumulator * factor
    if accumulator not in INT32 or abs(scaled) >= 2**31 - 1:
        return None
    whole = math.floor(abs(scaled))
    rounded = whole + (abs(scaled) - whole >= 0.5)
    return -rounded if scaled < 0 else rounded


def _tabulated(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    """A function of one element: read throughout the range, since not all are monotone."""
    results = applied(op, np.arange(LEAST, MOST + 1).astype(np.int8))
    if results is None:
        return whole(channels_of(op.output()))
    pairs = zip(inputs[0].low - LEAST, inputs[0].high - LEAST, strict=True)
    parts = [results[low : high + 1].astype(np.int64) for low, high in pairs]
    return Ranges(np.array([p.min() for p in parts]), np.array([p.max() for p in parts]))


def _elementwise(value: Callable[[OpView, int, int], int]) -> Rule:
    """ADD and MUL: the extremes are where both operands are at an end of their ranges."""

    def rule(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
        channels = channels_of(op.output())
        least, most = activation_range(op.attributes.activation, op.output())
        ends = [
            (np.broadcast_to(r.low, channels), np.broadcast_to(r.high, channels)) for r in inputs
        ]
        corners = np.array(
            [[value(op, int(a), int(b)) for a, b in zip(*pair, strict=True)]
             for pair in product(*ends)]
        )  # fmt: skip
        clamped = np.clip(corners + op.output().zero_point, least, most)
        return Ranges(clamped.min(axis=0), clamped.max(axis=0))

    return rule


def _sum(op: OpView, a: int, b: int) -> int:
    """ADD of two elements, before its clamp."""
    common = 2.0 * max(op.input(0).scale, op.input(1).scale)
    total = sum(
        requantize((q - t.zero_point) << HEADROOM, *quantize_multiplier(t.scale / common))
        for q, t in ((a, op.input(0)), (b, op.input(1)))
    )
    return requantize(total, *quantize_multiplier(common / (2.0**HEADROOM * op.output().scale)))


def _product(op: OpView, a: int, b: int) -> int:
    """MUL of two elements, before its clamp."""
    factor = quantize_multiplier(product_scale(op))
    return requantize((a - op.input(0).zero_point) * (b - op.input(1).zero_point), *factor)


def _pooled(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    """Averages and maxima lie between the least and the greatest element; a clamp follows."""
    least, most = activation_range(op.attributes.activation, op.output())
    return Ranges(np.clip(inputs[0].low, least, most), np.clip(inputs[0].high, least, most))


def _mean(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    source = inputs[0]
    count = reduced_count(op)
    if len(op.input().shape) - 1 in reduced_axes(op):
        ends = source.low.min(keepdims=True), source.high.max(keepdims=True)
        source = Ranges(*(np.broadcast_to(end, channels_of(op.output())) for end in ends))
    multiplier = mean_multiplier(op.input().scale / op.output().scale, count)

    def mean(element: int) -> int:
        scaled = requantize((element - op.input().zero_point) * count, *multiplier)
        return min(max(scaled + op.output().zero_point, LEAST), MOST)

    return Ranges(*(np.array([mean(int(q)) for q in ends]) for ends in (source.low, source.high)))


def _padded(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    value, pads = pad_value(op), paddings(op)
    low, high = (
        np.pad(e, [pads[-1]], constant_values=value) for e in (inputs[0].low, inputs[0].high)
    )
    if any(n for pair in pads[:-1] for n in pair):
        return Ranges(np.minimum(low, value), np.maximum(high, value))
    return Ranges(low, high)


def _concatenated(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    low, high = [r.low for r in inputs], [r.high for r in inputs]
    if concat_axis(op) == len(op.output().shape) - 1:
        return Ranges(np.concatenate(low), np.concatenate(high))
    return Ranges(np.minimum.reduce(low), np.maximum.reduce(high))


def reshape_labels(source: Tensor, result: Tensor) -> tuple[Array, Array]:
    """Channels of both ends of a reshape that hold the same elements, as numbers: equal ones belong
    together. All do where neither last axis is a multiple of the other."""
    before, after = channels_of(source), channels_of(result)
    period = math.gcd(before, after)
    if period not in (before, after):
        period = 1
    return np.arange(before) % period, np.arange(after) % period


def _reshaped(op: OpView, inputs: Sequence[Ranges]) -> Ranges:
    before, after = reshape_labels(op.input(), op.output())
    period = int(before.max()) + 1
    low, high = np.full(period, MOST), np.full(period, LEAST)
    np.minimum.at(low, before, inputs[0].low)
    np.maximum.at(high, before, inputs[0].high)
    return Ranges(low[after], high[after])


RULES: Mapping[str, Rule] = {
    "CONV_2D": _accumulated,
    "DEPTHWISE_CONV_2D": _accumulated,
    "FULLY_CONNECTED": _accumulated,
    **dict.fromkeys(ELEMENTWISE, _tabulated),
    "ADD": _elementwise(_sum),
    "MUL": _elementwise(_product),
    "AVERAGE_POOL_2D": _pooled,
    "MAX_POOL_2D": _pooled,
    "MEAN": _mean,
    "PAD": _padded,
    "CONCATENATION": _concatenated,
    "RESHAPE": _reshaped,
}
"""By operator."""
