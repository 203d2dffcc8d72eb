# SPDX-License-Identifier: Apache-2.0
"""A whole 16x8 model, as TensorFlow's converter makes them: every op has the reference's bytes."""

from __future__ import annotations

import numpy as np
import pytest

import microlith
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder
from tests.tools import THOROUGH, need_target

CHANNELS = 12


def model() -> bytes:
    """A small network for keywords: conv, depthwise, pointwise, skip connection, pool, dense."""
    generator = np.random.default_rng(5)
    builder = ModelBuilder()

    def layer(
        kind: str,
        source: int,
        shape: tuple[int, ...],
        weights: tuple[int, ...],
        scales: tuple[float, float],
        stride: int = 1,
    ) -> int:
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        count, per_weight = weights[axis], generator.uniform(0.004, 0.008, weights[axis])
        if kind == "FULLY_CONNECTED":
            per_weight = per_weight[:1]
        values = generator.integers(-127, 128, weights).astype(np.int8)
        biases = generator.integers(-(1 << 20), 1 << 20, count)
        name = str(len(builder.operators))
        w = builder.constant(f"w{name}", values, scale=per_weight.tolist(), axis=axis)
        b = builder.constant(f"b{name}", biases, scale=(scales[0] * per_weight).tolist())
        y = builder.tensor(f"y{name}", shape, "int16", scales[1])
        options = {"fusedActivationFunction": "RELU"}
        if kind != "FULLY_CONNECTED":
            options |= {"padding": "SAME", "strideW": stride, "strideH": stride}
        builder.op(kind, [source, w, b], [y], options, 7 if kind == "FULLY_CONNECTED" else 4)
        return y

    image = (1, 10, 8, CHANNELS)
    x = builder.tensor("x", (1, 20, 16, 1), "int16", 1e-3)
    a = layer("CONV_2D", x, image, (CHANNELS, 5, 4, 1), (1e-3, 2e-3), stride=2)
    b = layer("DEPTHWISE_CONV_2D", a, image, (1, 3, 3, CHANNELS), (2e-3, 3e-3))
    c = layer("CONV_2D", b, image, (CHANNELS, 1, 1, CHANNELS), (3e-3, 4e-3))
    total = builder.tensor("sum", image, "int16", 5e-3)
    builder.op("ADD", [a, c], [total], {"potScaleInt16": False}, 3)
    pool = builder.tensor("pool", (1, 1, 1, CHANNELS), "int16", 5e-3)
    window = {"filterHeight": 10, "filterWidth": 8, "strideH": 10, "strideW": 8}
    builder.op("AVERAGE_POOL_2D", [total], [pool], window | {"padding": "VALID"}, 3)
    flat = builder.tensor("flat", (1, CHANNELS), "int16", 5e-3)
    shape = builder.constant("shape", np.array([1, CHANNELS], np.int32))
    builder.op("RESHAPE", [pool, shape], [flat], {"newShape": [1, CHANNELS]})
    dense = layer("FULLY_CONNECTED", flat, (1, 6), (6, CHANNELS), (5e-3, 1e-4))
    y = builder.tensor("y", (1, 6), "int16", 2.0**-15)
    builder.op("SOFTMAX", [dense], [y], {"beta": 1.0}, 3)
    return builder.build([x], [y])


@pytest.mark.parametrize("target", THOROUGH)
def test_whole_model(target: str) -> None:
    need_target(target)
    program = microlith.compile(model(), target=target, name="keywords")
    verification = program.verify(samples=6, seed=2)
    assert verification.bit_exact, render(verification)
