# SPDX-License-Identifier: Apache-2.0
"""Comparison of computed tensors with expected ones, samples along the first axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microlith.ir.graph import Array


@dataclass(frozen=True, eq=False)
class Comparison:
    """`same_bytes`: every bit agrees. `wrong`: bool[samples], where an element is out of
    tolerance. `first`: index [sample, ...] of the first such element, or None. `max_abs_diff`:
    largest absolute difference, infinite when a NaN or infinity is on one side only."""

    same_bytes: bool
    wrong: Array
    first: tuple[int, ...] | None
    max_abs_diff: float

    @property
    def passed(self) -> bool:
        return self.first is None


def compare(expected: Array, got: Array, tolerance: float) -> Comparison:
    """Compares two arrays [samples, ...] of the same shape and type.

    Integers must be equal. A float may differ by `tolerance` times the largest finite magnitude
    of its sample's expected values; NaN equals NaN, and infinities of the same sign are equal.
    """
    assert expected.shape == got.shape and expected.dtype == got.dtype
    if expected.tobytes() == got.tobytes():
        return Comparison(True, np.zeros(len(expected), bool), None, 0.0)
    difference = absolute_difference(expected, got)
    wrong = np.asarray(difference > _allowed(expected, tolerance))
    return Comparison(
        same_bytes=False,
        wrong=np.any(wrong.reshape(len(wrong), -1), axis=1),
        first=tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else None,
        max_abs_diff=float(difference.max(initial=0.0)),
    )


def absolute_difference(expected: Array, got: Array) -> Array:
    """|expected - got| as float64, 0 where both are NaN or the same infinity, and infinite where
    only one of them is."""
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(expected.astype(np.float64) - got.astype(np.float64))
    if expected.dtype.kind == "f":
        same = (expected == got) | (np.isnan(expected) & np.isnan(got))
        difference = np.where(same, 0.0, difference)
    elif expected.dtype.itemsize == 8:  # float64 cannot tell neighbours apart
        difference = np.where(expected == got, 0.0, np.maximum(difference, 1.0))
    return np.nan_to_num(difference, nan=np.inf, posinf=np.inf)


def _allowed(expected: Array, tolerance: float) -> Array | float:
    """Largest legal difference, shape [samples, 1, ...]."""
    if expected.dtype.kind != "f":
        return 0.0
    magnitude = np.where(np.isfinite(expected), np.abs(expected), 0).astype(np.float64)
    axes = tuple(range(1, expected.ndim))
    largest: Array = magnitude.max(axis=axes, keepdims=True, initial=0.0)
    return tolerance * largest
