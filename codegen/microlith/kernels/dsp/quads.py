# SPDX-License-Identifier: Apache-2.0
"""Weights of four outputs in three numbers of 16 bits, from whose sums of products the four sums
can be told apart: see quads.h."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array

LANES = 4
"""Outputs of a quad, and inputs of a group."""

LARGEST_SUM = 1 << 23
"""Sums stay below this magnitude: 24 bits of them are known."""

LOW, HIGH = (0, 2, 3), (1, 3, 0)
"""Outputs in the lower and the upper bytes of the three numbers."""


def not_quads(weights: Array, reach: int) -> str | None:
    """Why three sums do not tell the sums of `weights` [output, ...] and inputs of magnitudes up to
    `reach` apart, or None."""
    taps = _padded(weights)
    if _numbers(taps).min(initial=0) < -(1 << 15):
        return "has weights of -128 beside negative ones"
    largest = reach * int(np.abs(taps).sum(axis=1).max(initial=0))
    if largest >= LARGEST_SUM:
        return f"sums reach {largest}, not less than {LARGEST_SUM}"
    return None


def pack_quads(weights: Array) -> Array:
    """[output, ...] → int16 [quad of outputs][group of inputs][part][three numbers][2 inputs],
    filled up with zeros: inputs 0 and 2, then 1 and 3 of a group."""
    numbers = _numbers(_padded(weights))
    quads, _, inputs = numbers.shape
    # axes: quad, number, group, half (inputs 0 and 1 or 2 and 3), part (even or odd input)
    split = numbers.reshape(quads, 3, inputs // LANES, 2, 2)
    packed: Array = split.transpose(0, 2, 4, 1, 3).astype(np.int16)
    return packed


def _padded(weights: Array) -> Array:
    outputs = weights.shape[0]
    taps = weights.reshape(outputs, -1)
    padded = np.zeros((_whole(outputs), _whole(taps.shape[1])), np.int32)
    padded[:outputs, : taps.shape[1]] = taps
    return padded


def _numbers(taps: Array) -> Array:
    """[output, input] → [quad, number, input]."""
    quads = taps.reshape(-1, LANES, taps.shape[1])
    numbers: Array = quads[:, LOW] + 256 * quads[:, HIGH]
    return numbers


def _whole(count: int) -> int:
    return -(-count // LANES) * LANES
