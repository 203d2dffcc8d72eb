# SPDX-License-Identifier: Apache-2.0
"""How sums of int16 x int8 products become int16 with SMMLA and SSAT: constants, and when they are
exact."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.portable.accumulate_s16 import (
    narrow_bias,
    reduced_multipliers,
    sum_bounds,
    wide_biases,
)

RAISED = 16
"""Bits by which multipliers of 15 bits are raised."""

LEAST_SHIFT = RAISED + 1
"""Right shift from which half of what is shifted out lies in the product's upper half."""


def output_rows(op: OpView, weights: Array) -> Array | str:
    """How sums of `weights` [output, ...] become outputs: int32 [outputs][bias, multiplier, offset,
    shift], the fields of mr_dsp_output, with a last row of zeros where their number is odd. Or why
    that would not be exact."""
    if narrow_bias(op):
        return "is for biases of 64 bits"
    outputs = weights.shape[0]
    largest = max(sum_bounds(op, weights))
    if largest >= 1 << 31:
        return f"sums reach {largest}: beyond 32 bits"
    biases = wide_biases(op, outputs).tolist()
    table = np.zeros((-(-outputs // 2) * 2, 4), np.int64)
    table[:, 3] = 1
    for channel, (multiplier, shift) in enumerate(reduced_multipliers(op, outputs)):
        if multiplier == 0:
            continue  # whatever the sum is, the output is 0
        if shift < LEAST_SHIFT:
            return f"channel {channel}: sums are shifted by {shift}, not {LEAST_SHIFT} or more"
        raised = multiplier << RAISED
        table[channel] = biases[channel], raised, 1 << (shift - LEAST_SHIFT), shift - RAISED
    return table.astype(np.int32)
