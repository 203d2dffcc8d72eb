# SPDX-License-Identifier: Apache-2.0
"""Comparison of tensors: integers exactly, floats within a relative tolerance."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array
from microlith.verify.compare import compare


def floats(*samples: list[float]) -> Array:
    return np.array(samples, np.float32)


def test_equal_arrays() -> None:
    values = floats([1.0, np.nan], [-np.inf, 0.0])
    result = compare(values, values.copy(), 0.0)
    assert result.same_bytes and result.passed and result.max_abs_diff == 0


def test_integers_have_no_tolerance() -> None:
    expected = np.zeros((3, 2, 2), np.int8)
    got = expected.copy()
    got[1, 1, 0], got[2, 0, 1] = 1, -2
    result = compare(expected, got, 1.0)
    assert result.first == (1, 1, 0)
    assert result.wrong.tolist() == [False, True, True]
    assert result.max_abs_diff == 2


def test_int8_difference_does_not_wrap() -> None:
    low, high = np.full((1, 1), -128, np.int8), np.full((1, 1), 127, np.int8)
    assert compare(low, high, 0.0).max_abs_diff == 255


def test_large_int64_neighbours_differ() -> None:
    expected = np.array([[2**62]], np.int64)
    assert not compare(expected, expected + 1, 0.0).passed


def test_float_tolerance_is_relative_to_the_largest_magnitude() -> None:
    expected = floats([100.0, 0.0])
    assert compare(expected, floats([100.0, 0.0009]), 1e-5).passed
    assert compare(expected, floats([100.0, 0.0011]), 1e-5).first == (0, 1)


def test_float_tolerance_is_per_sample() -> None:
    expected = floats([1000.0, 1000.0], [0.1, 0.1])
    assert compare(expected, floats([1000.0, 1000.0], [0.1, 0.101]), 1e-5).first == (1, 1)


def test_close_floats_pass_without_equal_bytes() -> None:
    result = compare(floats([1.0]), floats([1.0000001]), 1e-5)
    assert result.passed and not result.same_bytes and 0 < result.max_abs_diff < 1e-6


def test_signed_zeros_pass_without_equal_bytes() -> None:
    result = compare(floats([0.0]), floats([-0.0]), 0.0)
    assert result.passed and not result.same_bytes


def test_nan_and_infinity_on_one_side_are_wrong() -> None:
    expected = floats([np.nan, np.inf, 1.0, 1.0, np.inf, 1.0])
    got = floats([1.0, -np.inf, np.nan, np.inf, np.inf, 1.0])
    result = compare(expected, got, 1.0)
    assert result.first == (0, 0) and result.max_abs_diff == np.inf
    for position in range(4):
        column = np.s_[:, position : position + 1]
        assert not compare(expected[column], got[column], 1.0).passed
    assert compare(expected[:, 4:], got[:, 4:], 0.0).passed


def test_infinity_does_not_widen_the_tolerance() -> None:
    assert not compare(floats([np.inf, 1.0]), floats([np.inf, 2.0]), 1e-5).passed


def test_scalar_and_empty_tensors() -> None:
    assert compare(np.zeros(2, np.int8), np.array([0, 1], np.int8), 0.0).first == (1,)
    assert compare(np.zeros((2, 0), np.int8), np.zeros((2, 0), np.int8), 0.0).passed
