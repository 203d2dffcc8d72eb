# SPDX-License-Identifier: Apache-2.0
"""The dsp backend at its numeric limits: roundings near halves, sums at the edge of every range
check. Its plain C twins run on the host, its assembly on Cortex-M4."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import parse
from microlith.ir.graph import OpView
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.kernels.dsp import depthwise, depthwise_3x3, elementwise, fully_connected
from microlith.kernels.dsp.scaled import scaled_constants
from microlith.kernels.quantize_math import quantize_multiplier, requantize
from microlith.lower import select
from microlith.lower.options import ALLOWANCE, SCRATCH
from microlith.targets import targets as declared
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder
from tests.tools import need_target
from tests.unit.test_elementwise_kernels import SCALES, ZERO_POINTS
from tests.unit.test_fully_connected_kernels import layer, near_halves

Array = np.ndarray[Any, Any]


@pytest.fixture(params=["host", "cortex-m4"])
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A target on which dsp kernels are legal, however large their constants."""
    name: str = request.param
    need_target(name)
    able = tuple(
        replace(t, features=t.features | {"dsp"}) if t.name == name else t for t in declared.TARGETS
    )
    monkeypatch.setattr(declared, "TARGETS", able)
    monkeypatch.setitem(ALLOWANCE, "balanced", 1e6)
    monkeypatch.setitem(SCRATCH, "balanced", 1e6)
    return name


def check(model: bytes, kernel: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of `model`, of one op, is the reference's when `kernel` runs it."""
    monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    monkeypatch.setattr(select, "BACKENDS", {"portable": BACKENDS["portable"], "dsp": (kernel,)})
    program = microlith.compile(model, target=target, name="edges")
    assert [call.kernel for call in program.calls] == [kernel.name]
    verification = program.verify(samples=2, seed=0)
    assert verification.passed, render(verification)


def view(model: bytes) -> OpView:
    main = parse(model, "model").main
    return OpView(main.ops[0], main.tensors)


def moderate(biases: Array, bits: int) -> Array:
    """Those of a magnitude below 2^bits."""
    kept: Array = biases[np.abs(biases.astype(np.int64)) < 1 << bits]
    return kept


def depthwise_model(
    weights: Array, bias: Array, factor: float, *, stride: int = 1, zero_points: tuple[int, int]
) -> bytes:
    """Of [1, rows, columns, channels] weights, over an image of 6 x 6, followed by a ReLU."""
    builder = ModelBuilder()
    channels = weights.shape[3]
    x = builder.tensor("x", (1, 6, 6, channels), scale=1.0, zero_point=zero_points[0])
    w = builder.tensor("w", weights.shape, data=weights, scale=1.0, axis=3)
    b = builder.constant("b", bias.astype(np.int32), scale=1.0)
    size = 6 // stride
    y = builder.tensor("y", (1, size, size, channels), scale=1 / factor, zero_point=zero_points[1])
    options = {"padding": "SAME", "strideW": stride, "strideH": stride, "depthMultiplier": 1}
    builder.op("DEPTHWISE_CONV_2D", [x, w, b], [y], options, 3)
    return builder.build([x], [y])


DEPTHWISE = (
    (depthwise.DepthwiseConv2DInt8Dsp(), 1),
    (depthwise_3x3.Depthwise3x3Int8Dsp(), 1),
    (depthwise_3x3.Depthwise3x3ShiftsInt8Dsp(), 1),
    (depthwise_3x3.Depthwise3x3Stride2Int8Dsp(), 2),
)


@pytest.mark.parametrize("factor", [0.1, 0.0043, 0.00197])
@pytest.mark.parametrize(("kernel", "stride"), DEPTHWISE)
def test_depthwise_sums_near_halves(
    kernel: Kernel, stride: int, factor: float, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights of one tap, so that sums of small inputs stay near each channel's bias, which is near
    the middle between two outputs."""
    bias = moderate(near_halves(factor), 20)
    weights = np.zeros((1, 3, 3, len(bias)), np.int8)
    weights[0, 1, 1] = 1
    model = depthwise_model(weights, bias, factor, stride=stride, zero_points=(0, -128))
    check(model, kernel, target, monkeypatch)


@pytest.mark.parametrize("zero_point", [-128, 127])
@pytest.mark.parametrize("weight", [-127, 127])
@pytest.mark.parametrize(("kernel", "stride"), DEPTHWISE)
def test_depthwise_sums_of_extremes(
    kernel: Kernel,
    stride: int,
    weight: int,
    zero_point: int,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = np.full((1, 3, 3, 7), weight, np.int8)
    bias = np.arange(7) * 40_000 - 120_000
    model = depthwise_model(weights, bias, 0.0011, stride=stride, zero_points=(zero_point, -128))
    check(model, kernel, target, monkeypatch)


@pytest.mark.parametrize(
    ("factor", "bias", "weight", "reason", "other"),
    [
        (0.6, 0, 1, "no line goes through", "are shifted by 0"),
        (0.2, 0, 127, "no line goes through", None),
        (0.01, 1 << 28, 1, None, None),
        (0.0004, 0, 127, None, None),
    ],
)
def test_channels_that_two_instructions_do_not_scale(
    factor: float, bias: int, weight: int, reason: str | None, other: str | None
) -> None:
    weights = np.full((1, 3, 3, 4), weight, np.int8)
    weights[:, 0] = -weight
    model = depthwise_model(weights, np.full(4, bias), factor, zero_points=(0, -128))
    for kernel, expected in (
        (depthwise_3x3.Depthwise3x3Int8Dsp(), reason),
        (depthwise_3x3.Depthwise3x3ShiftsInt8Dsp(), other),
    ):
        found = kernel.rejects(view(model))
        assert (found is None) if expected is None else (found is not None and expected in found)


@pytest.mark.parametrize("own_shifts", [False, True])
def test_two_instructions_scale_as_the_reference_does(own_shifts: bool) -> None:
    """At every sum near a half."""
    generator = np.random.default_rng(0)
    for factor in generator.uniform(2.0**-9.9, 2.0**-3.1, 200):
        model = depthwise_model(np.ones((1, 3, 3, 4), np.int8), np.zeros(4), factor,
                                zero_points=(0, -128))  # fmt: skip
        op = view(model)
        scalings = scaled_constants(op, np.ones((4, 9)), np.zeros(4), 255, own_shifts=own_shifts)
        assert not isinstance(scalings, str), scalings
        how = scalings[0]
        pair = quantize_multiplier(1.0 / op.output().scale)
        halves = np.round((np.arange(-4, 256) + 0.5) / factor).astype(int)
        for total in {int(half) + step for half in halves for step in (-1, 0, 1)}:
            high = ((total << how.up) * how.multiplier >> 32) + how.offset
            expected = min(max(requantize(total, *pair) - 128, -128), 127)
            assert min(max(high >> how.shift, -128), 127) == expected


@pytest.mark.parametrize("scales", [(0.5, 0.25, 1.3), (0.1, 0.2, 0.9), (0.0231, 0.0173, 0.1)])
@pytest.mark.parametrize("per_channel", [False, True])
def test_fully_connected_near_halves(
    scales: tuple[float, float, float],
    per_channel: bool,
    target: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, weight, result = (float(np.float32(scale)) for scale in scales)
    bias = moderate(near_halves(source * weight / result), 24)
    given = [weight] * len(bias) if per_channel else weight
    model = layer(np.ones((len(bias), 1), np.int8), (source, given, result), bias=bias)
    check(model, fully_connected.FullyConnectedInt8Dsp(), target, monkeypatch)


@pytest.mark.parametrize(
    ("kernel", "depth"),
    [
        *product((fully_connected.FullyConnectedInt8Dsp(),), (1, 3, 515)),
        *product((fully_connected.FullyConnectedInt8Quads(),), (1, 3, 515)),
        *product((fully_connected.FullyConnectedInt8QuadsBytes(),), (4, 512)),
    ],
)
@pytest.mark.parametrize("value", [-127, 127])
def test_fully_connected_sums_of_extremes(
    kernel: Kernel, depth: int, value: int, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums of which 24 bits are known: they just fit."""
    weights = np.full((5, depth), value, np.int8)
    weights[2] = -value
    model = layer(weights, (1.0, 1.0, 128.0 * depth))
    check(model, kernel, target, monkeypatch)


def test_fully_connected_weights_that_do_not_share_16_bits() -> None:
    kernel = fully_connected.FullyConnectedInt8Dsp()
    scales = (1.0, 1.0, 1e5)
    lowest = np.array([[-1, 5], [-128, 5]], np.int8)
    assert "-128 beside" in str(kernel.rejects(view(layer(lowest, scales))))
    assert kernel.rejects(view(layer(lowest[::-1].copy(), scales))) is None
    deep = np.full((2, 517), 127, np.int8)
    assert "sums reach" in str(kernel.rejects(view(layer(deep, scales))))


def test_units_share_16_bits() -> None:
    weights = np.random.default_rng(0).integers(-127, 128, (6, 7)).astype(np.int32)
    packed = fully_connected.pack_units(weights).astype(np.int32)
    assert packed.shape == (2, 2, 2, 2, 2)
    first = (packed.astype(np.int8)).astype(np.int32)
    second = (packed - first) >> 8
    for unit, value in np.ndenumerate(weights):
        row, column = unit
        block, lane = divmod(row, 4)
        group, place = divmod(column, 4)
        half, part = divmod(place, 2)
        pair = first if lane % 2 == 0 else second
        assert pair[block, group, part, lane // 2, half] == value


@pytest.mark.parametrize("scales", SCALES)
@pytest.mark.parametrize("zero_points", ZERO_POINTS)
def test_linear_forms_give_every_sum(
    scales: tuple[float, float, float], zero_points: tuple[int, int, int]
) -> None:
    form = elementwise.linear_form(scales, zero_points)
    expected = elementwise.reference_sums(scales, zero_points)
    if form is None or expected is None:
        return
    values = np.arange(-128, 128)
    a, b = ((values * factor) >> 8 for factor in form.factors)
    sums = np.clip((a[:, None] + b + form.offset) >> elementwise.OUTPUT_SHIFT, -128, 127)
    assert np.array_equal(sums, expected)


def test_most_scales_have_a_linear_form() -> None:
    generator = np.random.default_rng(1)
    found = 0
    for _ in range(50):
        a, b = generator.uniform(0.01, 0.1, 2)
        scales = (float(a), float(b), float(max(a, b) * generator.uniform(0.7, 1.5)))
        found += elementwise.linear_form(scales, (-3, 7, -128)) is not None
    assert found >= 45
    # halves of sums below zero go down, those above up: no linear form does that
    assert elementwise.linear_form((0.5, 0.5, 1.0), (0, 0, 0)) is None
