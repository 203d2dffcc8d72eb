# SPDX-License-Identifier: Apache-2.0
"""How sums become int8 outputs with SMMLAR and SSAT: constants, and when they are exact."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.dsp.scaled import scaled_constants
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import quantize_multiplier, requantize

Row = tuple[int, int, int, int]

LARGEST_SUM = 1 << 30
"""Sums stay below this magnitude, so that their doubles fit 32 bits."""

MOST_SHIFT = 22
"""Right shift up to which the zero point, shifted to the left, and a sum fit 32 bits together."""


def output_table(op: OpView, weights: Array, biases: Array, reach: int) -> Array | str:
    """How sums of `weights` [output, ...], `biases` [output] and inputs of magnitudes up to `reach`
    become outputs: int32 [outputs][bias, multiplier, offset, shift], the fields of mr_dsp_output,
    with a last row of zeros where their number is odd. Or why that would not be exact."""
    channels = len(biases)
    factors = output_factors(op)
    pairs = [quantize_multiplier(factor) for factor in factors] * (channels // len(factors))
    spans = reach * np.abs(weights.reshape(channels, -1).astype(np.int64)).sum(axis=1)
    table = np.zeros((-(-channels // 2) * 2, 4), np.int64)
    table[:, 3] = 1
    for channel, scale in enumerate(pairs):
        row = _row(int(biases[channel]), int(spans[channel]), scale, op.output().zero_point)
        if isinstance(row, str):
            return f"channel {channel}: {row}"
        table[channel] = row
    return table.astype(np.int32)


def _row(bias: int, span: int, scale: tuple[int, int], zero_point: int) -> Row | str:
    """A row of the table for sums in [bias - span, bias + span], or why there is none."""
    multiplier, shift = scale
    low, high = bias - span, bias + span
    if shift <= 0 and low >= -(1 << 31) and high < 1 << 31:
        least = requantize(low, multiplier, shift)
        if least == requantize(high, multiplier, shift):
            # Requantisation is monotone: whatever the sum is, the output is the same. So it is for
            # dead channels, whose scales and biases are often extreme.
            constant = min(max(least + zero_point, -128), 127)
            return 0, 0, 2 * constant + 1, 1
    largest = max(-low, high)
    if largest >= LARGEST_SUM:
        return f"sums reach {largest}, not less than {LARGEST_SUM}"
    right = -shift
    if not 1 <= right <= MOST_SHIFT:
        return f"sums are shifted by {right}, not 1 to {MOST_SHIFT}"
    return bias, multiplier, (zero_point << right) + (1 << (right - 1)), right


def scaled_table(op: OpView, weights: Array, biases: Array, reach: int) -> Array | str:
    """The same table for mr_dsp_scale_up, whose `shift` raises sums: see scaled.py."""
    scalings = scaled_constants(op, weights, biases, reach)
    if isinstance(scalings, str):
        return scalings
    table = np.zeros((-(-len(biases) // 2) * 2, 4), np.int32)
    for channel, scaling in enumerate(scalings):
        bias = 0 if scaling.dead else biases[channel]
        table[channel] = bias, scaling.multiplier, scaling.offset, scaling.up
    return table


def rejected(table: Array | str) -> str | None:
    """The reason in place of a table, if it is one."""
    return table if isinstance(table, str) else None


def output_constant(table: Array | str) -> Constant:
    """`outputs`: the table of a kernel that did not reject it."""
    assert not isinstance(table, str), table
    return Constant("outputs", table.reshape(-1))


def plain_biases(op: OpView, channels: int) -> Array:
    """The file's biases, or zeros: int32[channels]."""
    data = op.input(2).data if op.has_input(2) else None
    return np.zeros(channels, np.int32) if data is None else data.reshape(-1)
