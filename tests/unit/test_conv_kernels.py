# SPDX-License-Identifier: Apache-2.0
"""Convolutions: rules, packing, choice of kernel, and sums and roundings at their limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import microlith
from microlith import execute
from microlith.frontend import check, parse
from microlith.ir.graph import OpView
from microlith.kernels.portable.conv import Conv2DInt8, geometry, pack, pack_biases
from microlith.lower.options import CompileOptions
from microlith.lower.select import Candidates, candidates
from microlith.targets import get
from microlith.verify.inputs import extreme_inputs
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Array = np.ndarray[Any, Any]


def conv(weights: Array, image: tuple[int, ...] = (1, 4, 4, 3), **changes: Any) -> bytes:
    """A model of one convolution; `changes` override the defaults below."""
    given: dict[str, Any] = {
        "kind": "CONV_2D",
        "options": {},
        "padding": "VALID",
        "scale": 0.5,
        "axis": 0,
        "zero_point": 0,
        "input_scale": 0.25,
        "output_scale": 1.0,
        "bias": None,
        **changes,
    }
    builder = ModelBuilder()
    outputs = weights.shape[0] if given["kind"] == "CONV_2D" else weights.shape[3]
    bias = np.zeros(outputs, np.int32) if given["bias"] is None else given["bias"]
    x = builder.tensor("x", image, scale=given["input_scale"], zero_point=-1)
    w = builder.tensor(
        "w", weights.shape, data=weights, scale=given["scale"], zero_point=given["zero_point"],
        axis=given["axis"],
    )  # fmt: skip
    b = builder.constant("b", bias, scale=1.0)
    height, width = (
        -(-size // 1) if given["padding"] == "SAME" else max(size - kernel + 1, 1)
        for size, kernel in zip(image[1:3], weights.shape[1:3], strict=True)
    )
    y = builder.tensor("y", (image[0], height, width, outputs), scale=given["output_scale"])
    options = {"padding": given["padding"], "strideW": 1, "strideH": 1, **given["options"]}
    builder.op(given["kind"], [x, w, b], [y], options, 3)
    return builder.build([x], [y])


def filled(*shape: int, value: int = 1) -> Array:
    return np.full(shape, value, np.int8)


def view(model: bytes) -> OpView:
    main = parse(model, "model").main
    return OpView(main.ops[0], main.tensors)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": None}, "no quantisation parameters"),
        ({"scale": [0.5, 0.5]}, "2 scales for 4 outputs"),
        ({"scale": [0.5, 0.5, 0.5, 0.5], "axis": 3}, "along axis 3 instead of 0"),
        ({"scale": [0.5, -0.5, 0.5, 0.5]}, "negative or not finite"),
        ({"zero_point": 3}, "zero point other than 0"),
        ({"bias": np.zeros(3, np.int32)}, "3 elements for 4 outputs"),
        ({"options": {"strideH": 0}}, "stride_height is 0"),
        ({"options": {"dilationWFactor": -1}}, "dilation_width is -1"),
        ({"options": {"fusedActivationFunction": "TANH"}}, "tanh is not supported"),
        ({"options": {"fusedActivationFunction": 77}}, "unknown(77)"),
    ],
)
def test_broken_rules(changes: dict[str, Any], message: str) -> None:
    problems = check(parse(conv(filled(4, 2, 2, 3), **changes), "model"))
    assert any(message in str(problem) for problem in problems), problems


@pytest.mark.parametrize(
    ("kind", "shape", "image"),
    [
        ("CONV_2D", (4, 2, 2, 2), (1, 4, 4, 3)),
        ("CONV_2D", (3, 2, 2, 2), (1, 4, 4, 4)),
        ("DEPTHWISE_CONV_2D", (1, 2, 2, 4), (1, 4, 4, 3)),
        ("DEPTHWISE_CONV_2D", (2, 2, 2, 3), (1, 4, 4, 3)),
    ],
)
def test_filters_that_do_not_fit_the_channels(
    kind: str, shape: tuple[int, ...], image: tuple[int, ...]
) -> None:
    assert check(parse(conv(filled(*shape), image, kind=kind), "model"))


def test_window_larger_than_the_image_is_refused() -> None:
    problems = check(parse(conv(filled(4, 5, 2, 3)), "model"))
    assert "produces [1, 0, 3, 4]" in str(problems[0])


def test_weights_are_packed_in_blocks_of_four() -> None:
    weights = np.arange(6 * 2, dtype=np.int8).reshape(6, 1, 1, 2)
    assert pack(weights, 1).reshape(-1).tolist() == [
        0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 0, 0, 9, 11, 0, 0,
    ]  # fmt: skip
    assert pack(weights, 2).shape == (2, 1, 2, 4)
    assert pack_biases(np.arange(6), 2).tolist() == [0, 1, 2, 0, 3, 4, 5, 0]


@pytest.mark.parametrize(
    ("shape", "image", "padding", "kernel"),
    [
        ((1, 3, 3, 8), (1, 6, 6, 8), "SAME", "depthwise_conv_2d_s8"),
        ((1, 3, 3, 8), (1, 6, 6, 1), "SAME", "conv_2d_s8"),
        ((1, 3, 3, 8), (1, 6, 6, 4), "SAME", "conv_2d_s8"),
        ((1, 3, 3, 3), (1, 6, 6, 3), "SAME", "conv_2d_s8"),
    ],
)
def test_kernels_of_depthwise_convolutions(
    shape: tuple[int, ...], image: tuple[int, ...], padding: str, kernel: str
) -> None:
    model = conv(filled(*shape), image, kind="DEPTHWISE_CONV_2D", padding=padding)
    found = candidates(view(model), get("host"), CompileOptions("layer"))
    assert isinstance(found, Candidates)
    assert found.legal[0].kernel.name == kernel


def test_only_windows_that_need_it_are_copied() -> None:
    target = get("cortex-m4")

    def lowered(weights: Array, image: tuple[int, ...], padding: str) -> tuple[int, set[str]]:
        lowering = Conv2DInt8().lower(view(conv(weights, image, padding=padding)), target)
        return lowering.scratch, {constant.name for constant in lowering.constants}

    scratch, constants = lowered(filled(4, 3, 3, 16), (1, 8, 8, 16), "VALID")
    assert scratch == 5 * 4
    assert "padding" not in constants
    scratch, constants = lowered(filled(4, 3, 3, 16), (1, 8, 8, 16), "SAME")
    assert scratch == 5 * 4 + 2 * 3 * 3 * 16
    assert "padding" in constants
    scratch, _ = lowered(filled(4, 3, 3, 1), (1, 8, 8, 1), "VALID")
    assert scratch == 5 * 4 + 2 * 3 * 3
    assert geometry(view(conv(filled(4, 1, 1, 3)))).joins_rows
    assert not geometry(view(conv(filled(4, 1, 2, 3)))).joins_rows


@pytest.mark.parametrize("value", [-128, 127])
@pytest.mark.parametrize("depth", [254, 255, 256, 511, 700])
def test_longest_sums_of_extreme_values(value: int, depth: int) -> None:
    """Two sums share an accumulator of 64 bits: neither may spill into the other."""
    model = conv(filled(5, 1, 3, depth, value=value), (1, 1, 4, depth), output_scale=3e4)
    program = microlith.compile(model, name="sums")
    verification = program.verify(samples=1, seed=0)
    assert verification.passed, render(verification)
    execute.simulate(program, extreme_inputs(program.inputs), sanitize=True)


@pytest.mark.parametrize("factor", [0.1, 0.03, 0.75, 1.0, 3.0, 2.0**-9])
@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D"])
def test_rounding_near_halves(kind: str, factor: float) -> None:
    middles = (np.arange(-128, 128) + 0.5) / np.float32(factor)
    bias = np.concatenate([np.round(middles) + d for d in (-1, 0, 1)]).astype(np.int32)
    bias = np.concatenate([bias, [-(2**31), 2**31 - 1, 2**30, -(2**30)]]).astype(np.int32)
    shape = (1, 1, 1, len(bias)) if kind == "DEPTHWISE_CONV_2D" else (len(bias), 1, 1, 1)
    channels = len(bias) if kind == "DEPTHWISE_CONV_2D" else 1
    model = conv(
        filled(*shape), (1, 1, 2, channels), kind=kind, bias=bias, scale=1.0, input_scale=1.0,
        output_scale=1 / factor,
    )  # fmt: skip
    verification = microlith.compile(model, name="halves").verify(samples=2, seed=0)
    assert verification.passed, render(verification)
