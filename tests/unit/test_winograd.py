# SPDX-License-Identifier: Apache-2.0
"""What makes Winograd convolutions and sums of quads exact, and when they are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from microlith.frontend import parse
from microlith.ir.graph import Array, OpView
from microlith.kernels.dsp import winograd
from microlith.kernels.dsp.quads import not_quads, pack_quads
from tests.conformance.bench import pack
from tests.conformance.weighted import Conv

SCHEMES = pytest.mark.parametrize("scheme", [winograd.TWO, winograd.FOUR], ids=["2x2", "4x4"])

INPUTS = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0), (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0), (0, 4, 0, -5, 0, 1),
    ),
}  # fmt: skip
"""B' by the size of a tile."""


def _around(values: Array, matrix: Array) -> Array:
    result: Array = matrix @ values @ matrix.T
    return result


@SCHEMES
def test_tiles_are_convolutions(scheme: winograd.Scheme) -> None:
    random = np.random.default_rng(0)
    inputs = random.integers(-128, 128, (scheme.size, scheme.size))
    weights = random.integers(-128, 128, (1, 3, 3, 1))
    filters = winograd.transformed(weights, scheme)[0, :, :, 0]
    products = filters * _around(inputs, np.array(INPUTS[scheme.tile]))
    sums = _around(products, np.array(scheme.outputs))
    windows = np.lib.stride_tricks.sliding_window_view(inputs, (3, 3))
    expected = (windows * weights[0, :, :, 0]).sum(axis=(2, 3))
    assert (sums == scheme.multiple**2 * expected).all()
    factor = scheme.inverse << (winograd.OUTPUT_SHIFT - scheme.least_up)
    assert ((sums * factor - (expected << winograd.OUTPUT_SHIFT)) % (1 << 32) == 0).all()


@SCHEMES
def test_transformed_numbers_fit_16_bits(scheme: winograd.Scheme) -> None:
    weights = 128 * np.abs(np.array(scheme.weights)).sum(axis=1)
    assert weights.max() ** 2 // 128 < 1 << 15
    rows = np.array(INPUTS[scheme.tile])
    low, high = (-128 + scheme.shift, 127 + scheme.shift)
    pairs = np.einsum("ik,jl->ijkl", rows, rows).reshape(scheme.size**2, -1)
    positive, negative = np.maximum(pairs, 0).sum(axis=1), np.minimum(pairs, 0).sum(axis=1)
    least, most = low * positive + high * negative, high * positive + low * negative
    assert most.max() + scheme.lift < 1 << 15
    assert least.min() >= (-scheme.lift if scheme.lift else -(1 << 15))


def _view(case: Conv) -> OpView:
    (view,) = parse(pack([case]), "model").main.views
    return view


CASE = Conv(shape=(1, 5, 6, 4), filters=5)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (replace(CASE, stride=(1, 2)), "strides and dilations"),
        (replace(CASE, dilation=(2, 1)), "strides and dilations"),
        (replace(CASE, kernel=(3, 4)), "windows of 3x3"),
        (replace(CASE, groups=2, filters=6), "one group"),
        (replace(CASE, multiplier=0.7 * 2.0**-12), "are shifted by 12, not 1 to 11"),
        (replace(CASE, multiplier=0.4), "cannot be raised"),
        (replace(CASE, multiplier=1.5), "are shifted by"),
    ],
)
def test_refused(case: Conv, reason: str) -> None:
    assert reason in str(winograd.Winograd4x4().rejects(_view(case)))


def test_only_outputs_from_their_zero_point_on_ignore_signs() -> None:
    kernel = winograd.Winograd4x4Scaled()
    rectified = replace(CASE, activation="RELU", output_zero=-128, per_channel=False)
    assert kernel.rejects(_view(rectified)) is None
    assert "zero point of -128" in str(kernel.rejects(_view(CASE)))


def test_three_sums_tell_four_apart() -> None:
    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (8, 512)).astype(np.int8)
    weights[0], weights[5] = 127, -127
    assert not_quads(weights, 128) is None
    packed = pack_quads(weights).astype(np.int64)
    inputs = np.full(512, -128, np.int64)
    # [group][even or odd][1][half]: inputs 0 and 2, then 1 and 3
    arranged = inputs.reshape(-1, 2, 2).swapaxes(1, 2)[:, :, None, :]
    for quad, expected in zip(packed, (weights @ inputs).reshape(2, 4), strict=True):
        first, second, third = (quad * arranged).sum(axis=(0, 1, 3))
        c = _signed(second - (third << 8) + (first << 16), 24)
        d = _signed(second - c, 32) >> 8
        a = _signed(third - d, 32) >> 8
        b = _signed(first - a, 32) >> 8
        assert [a, b, c, d] == list(expected)


def _signed(value: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (int(value) + half) % (1 << bits) - half


def test_weights_and_sums_that_quads_do_not_hold() -> None:
    assert "-128 beside" in str(not_quads(np.array([[-1], [-128]], np.int8), 128))
    assert "sums reach" in str(not_quads(np.full((1, 517), 127, np.int8), 128))
