# SPDX-License-Identifier: Apache-2.0
"""The helium backend at its numeric limits: roundings near halves, extreme sums. Its plain C twins
run on the host, its assembly on Cortex-M55."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import microlith
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.kernels.dsp.elementwise import reference_sums
from microlith.kernels.helium import conv, depthwise, elementwise, fully_connected
from microlith.kernels.quantize_math import exact_multiplier
from microlith.lower import select
from microlith.lower.options import ALLOWANCE
from microlith.targets import targets as declared
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder
from tests.tools import need_target
from tests.unit.test_elementwise_kernels import SCALES, ZERO_POINTS
from tests.unit.test_fully_connected_kernels import layer, near_halves

Array = np.ndarray[Any, Any]


@pytest.fixture(params=["host", "cortex-m55"])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A target on which helium kernels are legal, however large their constants."""
    name: str = request.param
    need_target(name)
    able = tuple(
        replace(t, features=t.features | {"mve"}) if t.name == name else t for t in declared.TARGETS
    )
    monkeypatch.setattr(declared, "TARGETS", able)
    monkeypatch.setitem(ALLOWANCE, "balanced", 1e6)
    return name


def check(model: bytes, kernel: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of `model`, of one op, is the reference's when `kernel` runs it."""
    monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    backends = {"portable": BACKENDS["portable"], "helium": (kernel,)}
    monkeypatch.setattr(select, "BACKENDS", backends)
    program = microlith.compile(model, target=target, name="edges")
    assert [call.kernel for call in program.calls] == [kernel.name]
    verification = program.verify(samples=2, seed=0)
    assert verification.passed, render(verification)


def convolution(
    kind: str,
    bias: Array,
    factor: float,
    *,
    weight: int,
    zero_points: tuple[int, int],
    taps: tuple[int, int] = (3, 3),
    size: tuple[int, int] = (5, 6),
) -> bytes:
    """Of one input channel, or a depthwise one: all weights are `weight`."""
    outputs = len(bias)
    depthwise_op = kind == "DEPTHWISE_CONV_2D"
    shape = (1, *taps, outputs) if depthwise_op else (outputs, *taps, 1)
    builder = ModelBuilder()
    inputs = (1, *size, outputs if depthwise_op else 1)
    x = builder.tensor("x", inputs, scale=1.0, zero_point=zero_points[0])
    axis = 3 if depthwise_op else 0
    w = builder.tensor("w", shape, data=np.full(shape, weight, np.int8), scale=1.0, axis=axis)
    b = builder.constant("b", bias.astype(np.int32), scale=1.0)
    y = builder.tensor("y", (1, *size, outputs), scale=1 / factor, zero_point=zero_points[1])
    options = {"padding": "SAME", "strideW": 1, "strideH": 1}
    builder.op(kind, [x, w, b], [y], options | ({"depthMultiplier": 1} if depthwise_op else {}), 3)
    return builder.build([x], [y])


CONVOLUTIONS = (
    (conv.Conv2DInt8Helium(), "CONV_2D"),
    (depthwise.DepthwiseConv2DInt8Helium(), "DEPTHWISE_CONV_2D"),
)


@pytest.mark.parametrize("factor", [0.25, 0.0043])
@pytest.mark.parametrize("output_zero", [-128, 7])
@pytest.mark.parametrize(("kernel", "kind"), CONVOLUTIONS)
def test_sums_near_halves(
    kernel: Kernel,
    kind: str,
    output_zero: int,
    factor: float,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sums of one weight's products stay near each channel's bias, which is near the middle between
    two outputs. Of the zero points, -128 takes the shorter requantisation."""
    near = near_halves(factor)
    bias = near[np.abs(near.astype(np.int64)) < 1 << 24][:256]
    bias = bias[: len(bias) // 8 * 8]
    model = convolution(kind, bias, factor, weight=1, zero_points=(0, output_zero), taps=(1, 1))
    check(model, kernel, target, monkeypatch)


@pytest.mark.parametrize("zero_point", [-128, 127])
@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize(("kernel", "kind"), CONVOLUTIONS)
def test_sums_of_extremes(
    kernel: Kernel,
    kind: str,
    weight: int,
    zero_point: int,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bias = np.arange(8) * 40_000 - 120_000
    model = convolution(kind, bias, 0.0011, weight=weight, zero_points=(zero_point, -3))
    check(model, kernel, target, monkeypatch)


@pytest.mark.parametrize("height", [1, 10])
@pytest.mark.parametrize("taps", [2, 5, 13])
def test_depthwise_columns(
    taps: int, height: int, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images of one column are a strip of their own."""
    bias = np.arange(16) * 300 - 2_000
    model = convolution("DEPTHWISE_CONV_2D", bias, 0.011, weight=3, zero_points=(5, -3),
                        taps=(taps, 1), size=(height, 1))  # fmt: skip
    check(model, depthwise.DepthwiseConv2DInt8Helium(), target, monkeypatch)


@pytest.mark.parametrize("scales", [(0.5, 0.25, 1.3), (0.1, 0.2, 0.9), (0.0231, 0.0173, 0.1)])
def test_fully_connected_near_halves(
    scales: tuple[float, float, float], target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, weight, result = (float(np.float32(scale)) for scale in scales)
    near = near_halves(source * weight / result)
    bias = near[np.abs(near.astype(np.int64)) < 1 << 24]
    model = layer(np.ones((len(bias), 1), np.int8), (source, weight, result), bias=bias)
    check(model, fully_connected.FullyConnectedInt8Helium(), target, monkeypatch)


@pytest.mark.parametrize("zero_point", [-128, -3, 127])
def test_scales_round_as_the_reference_does(zero_point: int) -> None:
    """At every sum near a half and at both ends."""
    found = 0
    for factor in np.random.default_rng(0).uniform(2.0**-13, 2.0**-3, 100):
        bound = 1 << 20
        pair = exact_multiplier(float(factor), 255, bound)
        scale = pair and fully_connected.find_scale(pair, bound, zero_point, (-128, 127))
        if not pair or not scale:
            continue
        found += 1
        halves = np.round((np.arange(-256, 257) + 0.5) / factor).astype(int)
        near = {int(half) + step for half in halves for step in (-1, 0, 1)} | {-bound, bound}
        for total in (total for total in near if abs(total) <= bound):
            expected = fully_connected.requantize_single(total, *pair) + zero_point
            value = (scale.product(total) + scale.offset) >> scale.right
            assert min(max(value, -128), 127) == min(max(expected, -128), 127)
    assert found > 80


@pytest.mark.parametrize("scales", SCALES)
@pytest.mark.parametrize("zero_points", ZERO_POINTS)
def test_linear_forms_give_every_sum(
    scales: tuple[float, float, float], zero_points: tuple[int, int, int]
) -> None:
    form = elementwise.linear_form(scales, zero_points)
    expected = reference_sums(scales, zero_points)
    if form is None or expected is None:
        return
    values = np.arange(-128, 128)
    terms = values[:, None] * form.factor1 + values * form.factor2
    assert np.abs(terms + form.offset).max() < 1 << 31
    sums = np.clip((terms + form.offset) >> form.right, -128, 127)
    assert np.array_equal(sums, expected)
