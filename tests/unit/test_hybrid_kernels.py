# SPDX-License-Identifier: Apache-2.0
"""Hybrid layers: quantisation of the input at ties and at the ends of ranges, kernels, rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import microlith
from microlith import execute
from microlith.frontend import check, parse
from microlith.verify.inputs import concatenate, extreme_inputs
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Array = npt.NDArray[Any]

BELOW_HALF = np.nextafter(np.float32(0.5), np.float32(0))


def fully_connected(depth: int, *, asymmetric: bool = False, zero_point: int = 0) -> bytes:
    """A layer whose units are the inputs, as they were quantised."""
    builder = ModelBuilder()
    x = builder.tensor("x", (1, depth), "float32")
    identity = np.eye(depth, dtype=np.int8)
    w = builder.constant("w", identity, scale=1.0, zero_point=zero_point)
    y = builder.tensor("y", (1, depth), "float32")
    options = {"asymmetricQuantizeInputs": asymmetric}
    builder.op("FULLY_CONNECTED", [x, w], [y], options, 9)
    return builder.build([x], [y])


def convolution(
    kind: str,
    scales: Sequence[float],
    *,
    channels: int = 4,
    weights: tuple[int, ...] = (4, 2, 2, 4),
    axis: int = 0,
) -> bytes:
    builder = ModelBuilder()
    generator = np.random.default_rng(0)
    outputs = weights[axis]
    x = builder.tensor("x", (1, 4, 4, channels), "float32")
    data = generator.integers(-127, 128, weights).astype(np.int8)
    w = builder.constant("w", data, scale=scales, axis=axis if len(scales) > 1 else 0)
    bias = builder.constant("b", generator.standard_normal(outputs).astype(np.float32))
    y = builder.tensor("y", (1, 4, 4, outputs), "float32")
    options = {"padding": "SAME", "strideW": 1, "strideH": 1}
    if kind == "DEPTHWISE_CONV_2D":
        options["depthMultiplier"] = outputs // channels
    builder.op(kind, [x, w, bias], [y], options, 6 if kind == "DEPTHWISE_CONV_2D" else 5)
    return builder.build([x], [y])


def verify(model: bytes, samples: Array | None = None, target: str = "host") -> None:
    program = microlith.compile(model, target=target, name="layer")
    verification = program.verify(
        inputs=None if samples is None else {"x": samples.astype(np.float32)}, samples=2
    )
    assert verification.bit_exact, render(verification)


def ties(depth: int, samples: int) -> Array:
    """Vectors of multiples of 1/2, and their neighbours, with 127 as their largest magnitude."""
    generator = np.random.default_rng(depth)
    steps = generator.integers(-254, 255, (samples, 1, depth)) / np.float32(2)
    steps[..., 1::3] = np.nextafter(steps[..., 1::3], np.float32(0))
    steps[..., 2::3] = np.nextafter(steps[..., 2::3], np.float32(999))
    steps[..., -1] = BELOW_HALF
    steps[..., -2] = -BELOW_HALF
    steps[:, 0, 0] = 127
    return steps.astype(np.float32)


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize("depth", [3, 8, 17, 64])
def test_ties_of_symmetric_inputs(depth: int, target: str) -> None:
    verify(fully_connected(depth), ties(depth, 50), target)


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize("depth", [3, 8, 17, 64])
def test_ties_of_asymmetric_inputs(depth: int, target: str) -> None:
    samples = ties(depth, 50)
    samples[:, 0, 0], samples[:, 0, 1] = 127, -128
    verify(fully_connected(depth, asymmetric=True), samples, target)


def zero_points_near_halves() -> Array:
    """Ranges whose zero points are within a few bits of the middle between two integers."""
    generator = np.random.default_rng(0)
    count = 400
    least = -generator.uniform(0.5, 2, count)
    most = -255 * least / (generator.integers(1, 254, count) + 0.5) + least
    bits = most.astype(np.float32).view(np.int32) + generator.integers(-3, 4, count, np.int32)
    samples = generator.uniform(0, 1, (count, 1, 9)) * (most - least)[:, None, None]
    samples = (samples + least[:, None, None]).astype(np.float32)
    samples[:, 0, 0], samples[:, 0, 1] = least, bits.view(np.float32)
    return np.clip(samples, samples[..., :1], samples[..., 1:2])


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_zero_points_near_halves(target: str) -> None:
    verify(fully_connected(9, asymmetric=True), zero_points_near_halves(), target)


@pytest.mark.parametrize("asymmetric", [False, True])
def test_ranges_on_one_side_of_zero_and_constant_inputs(asymmetric: bool) -> None:
    rows = np.random.default_rng(0).uniform(0.1, 3, (3, 1, 11))
    constants = np.ones((5, 1, 11)) * np.array([0, 1, -1, 1e-30, -1e30]).reshape(5, 1, 1)
    samples = np.concatenate([rows, -rows, constants])
    verify(fully_connected(11, asymmetric=asymmetric), samples)


DEPTHWISE = {"weights": (1, 2, 2, 4), "axis": 3}
GROUPS = {"channels": 8}


@pytest.mark.parametrize(
    ("model", "kernel"),
    [
        (convolution("CONV_2D", [0.1]), "conv_2d_hybrid"),
        (convolution("CONV_2D", [0.1] * 4), "conv_2d_hybrid"),
        (convolution("CONV_2D", [0.1, 0.2, 0.3, 0.4]), "conv_2d_hybrid_asymmetric"),
        (convolution("CONV_2D", [0.1] * 4, **GROUPS), "conv_2d_hybrid_asymmetric"),
        (convolution("CONV_2D", [0.1], **GROUPS), "conv_2d_hybrid_asymmetric"),
        (convolution("DEPTHWISE_CONV_2D", [0.1] * 4, **DEPTHWISE), "depthwise_conv_2d_hybrid"),
        (convolution("DEPTHWISE_CONV_2D", [0.1], **DEPTHWISE), "depthwise_conv_2d_hybrid"),
        (
            convolution("DEPTHWISE_CONV_2D", [0.1], weights=(1, 2, 2, 8), axis=3),
            "conv_2d_hybrid_asymmetric",
        ),
        (fully_connected(4), "fully_connected_hybrid"),
        (fully_connected(4, asymmetric=True), "fully_connected_hybrid_asymmetric"),
    ],
)
def test_kernels(model: bytes, kernel: str) -> None:
    program = microlith.compile(model, name="layer")
    assert [call.kernel for call in program.calls] == [kernel]
    verify(model)


def test_output_takes_the_place_of_the_input() -> None:
    """The input is quantised before the first output is written."""
    builder = ModelBuilder()
    tensors = [builder.tensor(f"t{i}", (2, 8), "float32") for i in range(4)]
    w = builder.constant("w", np.eye(8, dtype=np.int8), scale=1.0)
    for source, result in pairwise(tensors):
        builder.op("FULLY_CONNECTED", [source, w], [result], {}, 9)
    model = builder.build([tensors[0]], [tensors[-1]])
    program = microlith.compile(model, name="chain")
    assert program.memory.activations == 2 * 8 * 4
    verification = program.verify(samples=2)
    assert verification.bit_exact, render(verification)


def test_zero_points_of_weights_are_refused() -> None:
    problems = check(parse(fully_connected(4, zero_point=1), "model"))
    assert "zero point other than 0" in str(problems[0])


@pytest.mark.parametrize(("dtype", "quant"), [("int8", {"axis": 0}), ("float16", {})])
def test_dequantised_weights_are_constants(dtype: str, quant: dict[str, Any]) -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 5, 5, 3), "float32")
    data = np.random.default_rng(0).integers(-127, 128, (4, 3, 3, 3)).astype(dtype)
    scales = {"scale": [0.1, 0.2, 0.3, 0.4], **quant} if quant else {}
    packed = builder.constant("packed", data, **scales)
    w = builder.tensor("w", data.shape, "float32")
    bias = builder.constant("b", np.arange(4, dtype=np.float32))
    y = builder.tensor("y", (1, 5, 5, 4), "float32")
    builder.op("DEQUANTIZE", [packed], [w], version=3)
    builder.op("CONV_2D", [x, w, bias], [y], {"padding": "SAME", "strideW": 1, "strideH": 1})
    model = builder.build([x], [y])
    program = microlith.compile(model, name="folded")
    assert [call.kernel for call in program.calls] == ["conv_2d_f32"]
    verify(model)
    with pytest.raises(microlith.errors.UnsupportedModelError, match="must be a constant"):
        microlith.compile(model, name="folded", disabled_passes=("fold_constants",))


@pytest.mark.parametrize("asymmetric", [False, True])
def test_runs_clean_under_sanitizers(asymmetric: bool) -> None:
    scales = [0.1, 0.2, 0.3, 0.4] if asymmetric else [0.1]
    models = (
        convolution("CONV_2D", scales),
        convolution("DEPTHWISE_CONV_2D", [0.1, 0.2, 0.3, 0.4], **DEPTHWISE),
        fully_connected(9, asymmetric=asymmetric),
    )
    for model in models:
        program = microlith.compile(model, name="layer")
        samples = concatenate(odd(program.inputs[0].shape), extreme_inputs(program.inputs))
        execute.simulate(program, samples, sanitize=True)


def odd(shape: tuple[int, ...]) -> dict[str, Array]:
    """Samples with one element that no quantisation fits."""
    samples = np.zeros((5, *shape), np.float32)
    samples.reshape(5, -1)[:, 3] = [np.nan, np.inf, -np.inf, 1e-45, 3e38]
    return {"x": samples}
