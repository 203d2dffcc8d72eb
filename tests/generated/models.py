# SPDX-License-Identifier: Apache-2.0
"""Small models whose generated C is kept as snapshots, and all models that tests can find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.paths import ROOT, SHARED
from tests.tflite_builder import ModelBuilder


def tiny_convolution() -> bytes:
    """int8: a padded convolution, a pool, a fully connected layer and softmax."""
    rng = np.random.Generator(np.random.PCG64(1))
    b = ModelBuilder()
    x = b.tensor("image", [1, 6, 6, 2], scale=0.5, zero_point=3)
    w = b.tensor(
        "conv/filter", [3, 3, 3, 2], data=rng.integers(-127, 128, (3, 3, 3, 2)), scale=[0.01] * 3
    )
    bias = b.constant("conv/bias", rng.integers(-999, 999, 3).astype(np.int32), scale=[0.005] * 3)
    y = b.tensor("conv/Relu", [1, 6, 6, 3], scale=0.3, zero_point=-128)
    b.op(
        "CONV_2D",
        [x, w, bias],
        [y],
        {"padding": "SAME", "strideW": 1, "strideH": 1, "fusedActivationFunction": "RELU"},
    )
    pooled = b.tensor("pool", [1, 3, 3, 3], scale=0.3, zero_point=-128)
    b.op(
        "MAX_POOL_2D",
        [y],
        [pooled],
        {"padding": "VALID", "strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2},
    )
    fc = b.tensor("dense/filter", [4, 27], data=rng.integers(-127, 128, (4, 27)), scale=0.02)
    logits = b.tensor("dense", [1, 4], scale=0.7, zero_point=-9)
    b.op("FULLY_CONNECTED", [pooled, fc, -1], [logits], {})
    probabilities = b.tensor("probabilities", [1, 4], scale=1 / 256, zero_point=-128)
    b.op("SOFTMAX", [logits], [probabilities], {"beta": 1.0})
    return b.build([x], [probabilities])


def tiny_residual() -> bytes:
    """float32: a sum in place, a concatenation, two outputs, a name that is no identifier."""
    b = ModelBuilder()
    x = b.tensor("left:0", [1, 2, 3, 2], "float32")
    y = b.tensor("right */ 0", [1, 2, 3, 2], "float32")
    total = b.tensor("sum", [1, 2, 3, 2], "float32")
    b.op("ADD", [x, y], [total], {"fusedActivationFunction": "RELU6"})
    joined = b.tensor("", [1, 2, 3, 4], "float32")
    b.op("CONCATENATION", [total, x], [joined], {"axis": 3})
    return b.build([x, y], [joined, total])


def tiny_picture() -> bytes:
    """uint8 and int16: a picture in three colours, and other types than images have."""
    b = ModelBuilder()
    x = b.tensor("picture", [1, 8, 10, 3], "uint8", scale=1 / 128, zero_point=128)
    y = b.tensor("sound", [1, 5], "int16", scale=1 / 4096)
    picture = b.tensor("normalised", [1, 8, 10, 3], "int8", scale=1 / 128, zero_point=0)
    sound = b.tensor("coarse", [1, 5], "int8", scale=1 / 16, zero_point=0)
    b.op("QUANTIZE", [x], [picture], {})
    b.op("QUANTIZE", [y], [sound], {})
    return b.build([x, y], [picture, sound])


SNAPSHOTS = {
    "tiny_convolution": tiny_convolution,
    "tiny_picture": tiny_picture,
    "tiny_residual": tiny_residual,
}


def model_files() -> Iterator[Path]:
    """The example's model and, where they are, the shared ones."""
    yield ROOT / "examples" / "digits" / "digits_int8.tflite"
    yield from sorted((SHARED / "models").rglob("*.tflite"))
