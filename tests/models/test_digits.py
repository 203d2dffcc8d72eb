# SPDX-License-Identifier: Apache-2.0
"""The digits example: the files that are committed, and the answers of the compiled model."""

from __future__ import annotations

import json

import numpy as np
import pytest

import microlith
from microlith.ir.graph import Array
from tests.paths import ROOT
from tests.tools import TARGETS, need_target

DIGITS = ROOT / "examples" / "digits"
MODEL = DIGITS / "digits_int8.tflite"
LABELS = np.load(DIGITS / "labels.npy")
UNREADABLE = 14
"""The one sample that the model itself gets wrong: a 1 that it takes for an 8."""


def _samples() -> dict[str, Array]:
    with np.load(DIGITS / "samples.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_model_can_be_compiled_and_is_small() -> None:
    assert microlith.inspect(MODEL).problems == ()
    assert MODEL.stat().st_size < 60_000


def test_samples_fit_the_input() -> None:
    (tensor,) = microlith.inspect(MODEL).inputs
    (samples,) = _samples().values()
    assert list(_samples()) == [tensor.name]
    assert samples.shape == (len(LABELS), *tensor.shape)
    assert samples.dtype == tensor.dtype


def test_accuracy_is_high() -> None:
    accuracy = json.loads((DIGITS / "accuracy.json").read_text(encoding="utf-8"))
    assert accuracy["int8_accuracy"] > 0.97


@pytest.mark.parametrize("target", TARGETS)
def test_images_are_recognised(target: str) -> None:
    need_target(target)
    result = microlith.compile(MODEL, target=target).simulate(_samples())
    (scores,) = result.outputs.values()
    recognised = scores.reshape(len(LABELS), -1).argmax(axis=1)
    assert np.flatnonzero(recognised != LABELS).tolist() == [UNREADABLE]


@pytest.mark.parametrize("target", TARGETS)
def test_every_op_is_bit_exact(target: str) -> None:
    need_target(target)
    assert microlith.compile(MODEL, target=target).verify(samples=3, seed=0).bit_exact
