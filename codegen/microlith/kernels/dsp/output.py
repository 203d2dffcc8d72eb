# SPDX-License-Identifier: Apache-2.0
"""How sums become int8 outputs with SMMLAR and SSAT: constants, and when they are exact."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import quantize_multiplier

LARGEST_SUM = 1 << 30
"""Sums stay below this magnitude, so that their doubles fit 32 bits."""

MOST_SHIFT = 22
"""Right shift up to which the zero point, shifted to the left, and a sum fit 32 bits together."""


def output_limits(op: OpView, weights: Array, biases: Array, reach: int) -> str | None:
    """Why mr_dsp_requantize would not be exact, or None, for `weights` [output, ...], `biases`
    [output] and inputs of magnitudes up to `reach`."""
    shifts = [-shift for _, shift in map(quantize_multiplier, output_factors(op))]
    if not 1 <= min(shifts) <= max(shifts) <= MOST_SHIFT:
        return f"scales sums by shifts of {min(shifts)} to {max(shifts)}, not 1 to {MOST_SHIFT}"
    magnitudes = np.abs(weights.reshape(weights.shape[0], -1).astype(np.int64)).sum(axis=1)
    largest = int((np.abs(biases.astype(np.int64)) + reach * magnitudes).max())
    if largest >= LARGEST_SUM:
        return f"sums reach {largest}, not less than {LARGEST_SUM}"
    return None


def output_constant(op: OpView, biases: Array) -> Constant:
    """`outputs`: bias, multiplier, offset and shift (mr_dsp_output) for each output channel and,
    with an odd number of them, for a partner of zeros."""
    channels = len(biases)
    factors = output_factors(op)
    pairs = [quantize_multiplier(factor) for factor in factors] * (channels // len(factors))
    zero_point = op.output().zero_point
    table = np.zeros((-(-channels // 2) * 2, 4), np.int32)
    table[:channels, 0] = biases
    for channel, (multiplier, shift) in enumerate(pairs):
        right = -shift
        table[channel, 1:] = multiplier, (zero_point << right) + (1 << (right - 1)), right
    table[channels:, 3] = 1
    return Constant("outputs", table.reshape(-1))


def plain_biases(op: OpView, channels: int) -> Array:
    """The file's biases, or zeros: int32[channels]."""
    data = op.input(2).data if op.has_input(2) else None
    return np.zeros(channels, np.int32) if data is None else data.reshape(-1)
