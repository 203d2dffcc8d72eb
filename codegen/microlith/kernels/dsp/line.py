# SPDX-License-Identifier: Apache-2.0
"""Outputs as a straight line through the reference's steps: SMMLA and SSAT alone.

As a function of the sum, the reference's int8 output is a staircase that never goes down: biases,
two roundings, the zero point and saturation only say where its steps are. A line

    ((sum * 2^raised * multiplier >> 32) + offset) >> shift, saturated

never goes down either, so it is the reference if it reaches each output at the same sum as the
reference does. At most 255 steps have to be compared, which is done here for multipliers near
the scale; the offset follows. A *bent* line has another offset for negative sums, as it takes where
the reference rounds negative halves down and positive ones up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import quantize_multiplier

RAISED = 11
"""Bits by which sums are raised before they are multiplied."""

SHIFT = 15
"""Right shift of what becomes an output: immediates of the assembly, like RAISED."""

NEIGHBOURS = 48
"""Multipliers that are tried on either side of the one nearest to the scale."""

LEVELS = np.arange(-127, 128, dtype=np.int64)
"""Outputs that have a step."""


@dataclass(frozen=True)
class Form:
    """Immediates of a kernel, in place of RAISED and SHIFT."""

    raised: int = RAISED
    shift: int = SHIFT

    @property
    def reach(self) -> int:
        """Sums stay below this magnitude."""
        return 1 << (31 - self.raised)


FORM = Form()


@dataclass(frozen=True, eq=False)
class Lines:
    """int64[channels] each. `drops` is what the offsets of negative sums have more. `flat` channels
    have the same output whatever their sum is, so that it does not matter."""

    multipliers: Array
    offsets: Array
    drops: Array
    flat: Array


def spans(weights: Array, inputs: tuple[int, int]) -> tuple[Array, Array]:
    """Least and largest sums of `weights` [output, ...] and inputs in a range: int64[outputs]."""
    taps = weights.reshape(weights.shape[0], -1).astype(np.int64)
    positive, negative = np.maximum(taps, 0).sum(axis=1), np.minimum(taps, 0).sum(axis=1)
    low, high = inputs
    return low * positive + high * negative, high * positive + low * negative


def fit_lines(
    op: OpView, least: Array, most: Array, *, bent: bool = False, form: Form = FORM
) -> Lines | str:
    """The line of each output channel, with even offsets, for sums with their biases between
    `least` and `most`, int64[channels]; or why there is none."""
    scales = _scales(op, len(least))
    if isinstance(scales, str):
        return scales
    raw = (values.astype(np.int64).tobytes() for values in (least, most, *scales))
    return _fit_lines(op.output().zero_point, bent, form, *raw)


@lru_cache(maxsize=64)  # a layer's kernels ask for the same lines several times
def _fit_lines(zero_point: int, bent: bool, form: Form, *raw: bytes) -> Lines | str:
    least, most, *scales = (np.frombuffer(values, np.int64) for values in raw)
    if least.min() < -(1 << 31) or most.max() >= 1 << 31:
        return "sums do not fit 32 bits"
    steps = _steps(least, most, scales, zero_point)
    inside: Array = (steps > least[:, None]) & (steps <= most[:, None])
    flat: Array = np.logical_not(inside.any(axis=1))
    largest = np.where(flat, 0, np.maximum(-least, most)).max()
    if largest >= form.reach:
        return f"sums reach {largest}, not less than {form.reach}"
    multipliers, drops = np.zeros_like(least), np.zeros_like(least)
    level = (steps <= least[:, None]).sum(axis=1) - 128
    offsets = (2 * level + 1) << (form.shift - 1)
    factors, shifts = scales
    power = shifts + (1 - form.raised + form.shift)
    nearest = np.round(factors * 2.0**power).astype(np.int64)
    todo = np.flatnonzero(~flat)
    for neighbour in sorted(range(-NEIGHBOURS, NEIGHBOURS + 1), key=abs):
        tried = nearest[todo] + neighbour
        found, above, below = _offsets(least[todo], most[todo], steps[todo], tried, bent, form)
        found &= (tried > 0) & (tried < 1 << 31)
        done = todo[found]
        multipliers[done], offsets[done] = tried[found], above[found]
        drops[done] = below[found] - above[found]
        todo = todo[~found]
        if not len(todo):
            return Lines(multipliers, offsets, drops, flat)
    return f"channel {todo[0]}: no line goes through the steps of its outputs"


def _scales(op: OpView, channels: int) -> tuple[Array, Array] | str:
    """The reference's multipliers and shifts, int64[channels]; or why it shifts to the left."""
    factors = output_factors(op)
    pairs = np.array([quantize_multiplier(f) for f in factors] * (channels // len(factors)))
    if pairs[:, 1].max() > 0:
        return "its scales multiply sums by more than 1"
    return pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)


def _steps(least: Array, most: Array, scales: Sequence[Array], zero_point: int) -> Array:
    """The least sum whose output is at least each of LEVELS, int64[channels, levels]; `most` + 1
    where none is. By bisection."""
    shape = (len(least), len(LEVELS))
    low = np.broadcast_to(least[:, None], shape).copy()
    high = np.broadcast_to(most[:, None] + 1, shape).copy()
    while (open_ := low < high).any():
        middle = (low + high) >> 1
        reached = _outputs(middle, scales) + zero_point >= LEVELS
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle + 1, low)
    return low


def _outputs(sums: Array, scales: Sequence[Array]) -> Array:
    """requantize() of quantize_math.py for arrays [channel, any], without left shifts."""
    product = (sums * scales[0][:, None] + (1 << 30)) >> 31
    bits = -scales[1][:, None]
    half = (1 << bits) >> 1
    result: Array = np.where(product >= 0, (product + half) >> bits, -((half - product) >> bits))
    return result


def _offsets(
    least: Array, most: Array, steps: Array, multipliers: Array, bent: bool, form: Form
) -> tuple[Array, Array, Array]:
    """For a multiplier of each channel: whether there are offsets, those of sums that are not
    negative, and those of negative sums."""
    on, off = steps <= most[:, None], steps > least[:, None]
    if not bent:
        offsets, found = _even(steps, steps - 1, multipliers, on, off, form)
        return found, offsets, offsets
    on_above = on & (most[:, None] >= 0)
    off_above = off & (steps > 0)
    above, found = _even(np.maximum(steps, 0), steps - 1, multipliers, on_above, off_above, form)
    off_below = off & (least[:, None] < 0)
    on_below = on & (steps < 0)
    below, also = _even(steps, np.minimum(steps, 0) - 1, multipliers, on_below, off_below, form)
    return found & also, above, below


def _raised(sums: Array, multipliers: Array, form: Form) -> Array:
    result: Array = ((sums << form.raised) * multipliers[:, None]) >> 32
    return result


def _even(
    reached: Array, before: Array, multipliers: Array, on: Array, off: Array, form: Form
) -> tuple[Array, Array]:
    """An even offset, for each channel, with which sums `reached` that are `on` have at least
    LEVELS, and sums `before` that are `off` less; and whether there is one."""
    lowest = (LEVELS << form.shift) - _raised(reached, multipliers, form)
    highest = (LEVELS << form.shift) - 1 - _raised(before, multipliers, form)
    far = np.int64(1 << 29)
    low = np.where(on, lowest, -far).max(axis=1)
    high = np.where(off, highest, far).min(axis=1)
    even: Array = (low + high) >> 2 << 1
    even = np.where(even < low, even + 2, even)
    return even, (even >= low) & (even <= high)
