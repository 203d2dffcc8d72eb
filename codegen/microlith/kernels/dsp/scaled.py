# SPDX-License-Identifier: Apache-2.0
"""How sums become int8 outputs with SMMLA and SSAT alone, which outputs that are at least their
zero point, -128, allow: SMMLA(2^d * sum, multiplier, offset) >> OUTPUT_SHIFT, saturated.

The reference rounds sum * m / 2^31 to an integer and that, shifted to the right by e >= 1, once
more, halves away from zero. For a sum that is not negative both roundings add a half and round
down, so that together they are

    floor((sum * m + 2^30) / 2^(31 + e) + 1/2)

which SMMLA computes for d = OUTPUT_SHIFT + 1 - e >= 2: 2^(d - 2) stands for 2^30. Negative sums
give no more than the zero point in both, so their halves do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import activation_range, quantize_multiplier, requantize

OUTPUT_SHIFT = 10
"""Of all kernels that scale like this: an immediate of their assembly."""

LEAST, MOST = -128, 127
MOST_SHIFT = 23
"""Largest shift for which LEAST, raised by it, and a sum's upper half fit 32 bits together."""

LEAST_UP = 2
"""Bits by which sums are raised at least."""


@dataclass(frozen=True)
class Scaling:
    """Of a channel: weights and bias are raised by `up` bits; `dead` channels have none."""

    up: int
    multiplier: int
    offset: int
    dead: bool = False
    shift: int = OUTPUT_SHIFT


def scaled_constants(
    op: OpView, weights: Array, biases: Array, reach: int, *, own_shifts: bool = False
) -> list[Scaling] | str:
    """A Scaling for each output channel of `weights` [output, ...] and `biases` [output], with
    inputs of magnitudes up to `reach`; or why there is none. With `own_shifts`, the kernel shifts
    each channel by its own `shift` instead of OUTPUT_SHIFT."""
    bounds = activation_range(op.attributes.activation, op.output())
    if bounds != (LEAST, MOST) or op.output().zero_point != LEAST:
        return "is for outputs from a zero point of -128 to 127"
    channels = len(biases)
    factors = output_factors(op)
    pairs = [quantize_multiplier(factor) for factor in factors] * (channels // len(factors))
    magnitudes = np.abs(weights.reshape(channels, -1).astype(np.int64))
    found = []
    for channel, pair in enumerate(pairs):
        span = reach * int(magnitudes[channel].sum())
        bias = int(biases[channel])
        output_shift = LEAST_UP - 1 - pair[1] if own_shifts else OUTPUT_SHIFT
        largest = int(magnitudes[channel].max())
        scaling = _scaling(bias - span, bias + span, largest, pair, output_shift)
        if isinstance(scaling, str):
            return f"channel {channel}: {scaling}"
        found.append(scaling)
    return found


def _scaling(
    low: int, high: int, weight: int, pair: tuple[int, int], output_shift: int
) -> Scaling | str:
    """For sums from `low` to `high` of weights up to `weight`, scaled by the reference's pair of
    multiplier and shift."""
    multiplier, shift = pair
    if low < -(1 << 31) or high >= 1 << 31:
        return f"sums from {low} to {high} do not fit 32 bits"
    if shift > -1:
        return f"sums are shifted by {-shift}, less than 1"
    least, most = (_reference(total, pair) for total in (low, high))
    if least == most:
        return Scaling(0, 0, (2 * least + 1) << (OUTPUT_SHIFT - 1), dead=True)
    up = output_shift + 1 + shift
    if up < LEAST_UP:
        return f"sums are shifted by {-shift}, more than {output_shift + 1 - LEAST_UP}"
    if output_shift > MOST_SHIFT:
        return f"sums are shifted by {-shift}, more than {MOST_SHIFT + 1 - LEAST_UP}"
    if max(-low, high) << up >= 1 << 31 or weight << up >= 1 << 15:
        return f"sums from {low} to {high} cannot be raised by {up} bits"
    offset = (1 << (up - 2)) + (1 << (output_shift - 1)) + (LEAST << output_shift)
    return Scaling(up, multiplier, offset, shift=output_shift)


def _reference(total: int, pair: tuple[int, int]) -> int:
    """Output of the reference."""
    return min(max(requantize(total, *pair) + LEAST, LEAST), MOST)
