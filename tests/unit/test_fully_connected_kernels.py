# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED: rules, and the reference's scaling in double precision without floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Array = np.ndarray[Any, Any]


def layer(
    weights: Array,
    scales: tuple[float, Any, float] = (1.0, 1.0, 1.0),
    *,
    bias: Array | None = None,
    zero_point: int = 0,
    shape: tuple[int, ...] | None = None,
    options: dict[str, Any] | None = None,
) -> bytes:
    """A model of one layer; `scales` are of input, weights and output."""
    builder = ModelBuilder()
    units, depth = weights.shape
    shape = shape or (1, depth)
    x = builder.tensor("x", shape, scale=scales[0], zero_point=2)
    w = builder.constant("w", weights, scale=scales[1], zero_point=zero_point)
    constants = [w]
    if bias is not None:
        product = np.float64(scales[0]) * np.asarray(scales[1])
        constants.append(builder.constant("b", bias, scale=product))
    y = builder.tensor("y", (np.prod(shape) // depth, units), scale=scales[2], zero_point=-3)
    builder.op("FULLY_CONNECTED", [x, *constants], [y], options or {}, 4)
    return builder.build([x], [y])


def filled(*shape: int, value: int = 1) -> Array:
    return np.full(shape, value, np.int8)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (layer(filled(4, 6), shape=(1, 5)), "does not divide into vectors of 6"),
        (layer(filled(4, 6), bias=np.zeros(3, np.int32)), "3 elements for 4 outputs"),
        (layer(filled(4, 6), (1.0, [0.5, 0.5], 1.0)), "2 scales for 4 outputs"),
        (layer(filled(4, 6), (1.0, [0.5] * 4, 1.0), zero_point=1), "zero point other than 0"),
        (layer(filled(4, 6), options={"weightsFormat": 1}), "shuffled"),
        (layer(filled(4, 6), options={"fusedActivationFunction": "SIGN_BIT"}), "sign_bit"),
    ],
)
def test_broken_rules(model: bytes, message: str) -> None:
    problems = check(parse(model, "model"))
    assert any(message in str(problem) for problem in problems), problems


def test_weights_that_are_not_constant_are_refused() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 4), "float32")
    w = builder.tensor("w", (3, 4), "float32")
    y = builder.tensor("y", (1, 3), "float32")
    builder.op("FULLY_CONNECTED", [x, w], [y], {})
    problems = check(parse(builder.build([x, w], [y]), "model"))
    assert "must be a constant" in str(problems[0])


def near_halves(factor: float) -> Array:
    """Biases whose products are near the middle between two integers, and extreme ones."""
    middles = (np.arange(-128, 128) + 0.5) / factor
    near = np.concatenate([np.round(middles) + d for d in (-1, 0, 1)])
    extremes = [-(2**31), 2**31 - 1] if factor < 1 else []
    limited = np.clip(np.concatenate([near, extremes]), -(2**31), 2**31 - 1)
    return limited.astype(np.int32)


NEAREST = (0.5, 0.25, 1.25)
"""A factor of 0.1: halves are exact in double precision, but not with the nearest multiplier."""

WIDE = (0.0013, 0.0007, 4.1125)
"""So small a factor that the nearest multiplier is too coarse for far accumulators."""


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(
    "scales",
    [NEAREST, WIDE, (0.5, 0.5, 0.75), (0.1, 0.2, 0.3), (0.0231, 0.0173, 0.1), (1.0, 1.0, 0.3)],
)
def test_rounding_near_halves(scales: tuple[float, float, float], per_channel: bool) -> None:
    source, weight, result = (float(np.float32(scale)) for scale in scales)
    bias = near_halves(source * weight / result)
    model = layer(
        filled(len(bias), 1),
        (source, [weight] * len(bias) if per_channel else weight, result),
        bias=bias,
    )
    verification = microlith.compile(model, name="halves").verify(samples=3, seed=0)
    assert verification.passed, render(verification)


def kernel(model: bytes) -> str:
    return microlith.compile(model, name="layer").calls[0].kernel


def test_wide_kernel_only_where_no_multiplier_is_exact() -> None:
    assert kernel(layer(filled(4, 6), NEAREST)) == "fully_connected_s8"
    bias = np.array([2**31 - 1], np.int32)
    names = {
        kernel(layer(filled(1, 1), (0.0013, 0.0007, 4.1 + i / 77), bias=bias)) for i in range(40)
    }
    assert names == {"fully_connected_s8", "fully_connected_wide_s8"}


@pytest.mark.parametrize("zero_point", [-128, 5, 127])
def test_zero_point_of_weights(zero_point: int) -> None:
    weights = np.random.default_rng(0).integers(-128, 128, (7, 33)).astype(np.int8)
    model = layer(weights, (0.1, 0.1, 20.0), zero_point=zero_point, shape=(3, 33))
    verification = microlith.compile(model, name="layer").verify(samples=2, seed=0)
    assert verification.passed, render(verification)
