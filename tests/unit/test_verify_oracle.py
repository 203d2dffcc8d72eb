# SPDX-License-Identifier: Apache-2.0
"""The reference: LiteRT in a child process."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from microlith.errors import ToolError
from microlith.ir.graph import Array
from microlith.verify import oracle
from microlith.verify.repair import repaired
from tests.paths import shared_model
from tests.tflite_builder import ModelBuilder

CHAIN = 6


def chain_model(outputs_of_all: bool) -> tuple[bytes, list[int]]:
    """x -> RELU, ADD, RELU …: a chain whose activations LiteRT could keep in one place."""
    builder = ModelBuilder()
    tensors = [builder.tensor("x", [2, 8], scale=0.1)]
    for index in range(CHAIN):
        tensors.append(builder.tensor(f"t{index}", [2, 8], scale=0.1 * (index + 2), zero_point=3))
        if index % 2:
            builder.op("ADD", [tensors[-2], tensors[-2]], tensors[-1:], {}, version=2)
        else:
            builder.op("RELU", tensors[-2:-1], tensors[-1:])
    outputs = tensors[1:] if outputs_of_all else tensors[-1:]
    return builder.build(tensors[:1], outputs), tensors


def samples(*shape: int) -> Array:
    return np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)


def test_every_intermediate_is_preserved() -> None:
    model, tensors = chain_model(outputs_of_all=False)
    every, _ = chain_model(outputs_of_all=True)
    data = {tensors[0]: samples(5, 2, 8)}
    result = oracle.reference(model, data, tensors=tensors[1:], outputs=tensors[-1:])
    truth = oracle.reference(every, data, tensors=[], outputs=tensors[1:])
    assert sorted(result.tensors) == tensors[1:]
    for tensor in tensors[1:]:
        assert result.tensors[tensor].shape == (5, 2, 8)
        assert np.array_equal(result.tensors[tensor], truth.tensors[tensor])
    assert "BUILTIN_REF" in result.name
    assert result.litert_default is not None and list(result.litert_default) == tensors[-1:]


def test_variables_keep_their_state_between_samples() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", [1, 1], "float32")
    state = builder.tensor("state", [1, 3], "float32", is_variable=True)
    feature = builder.constant("feature", np.ones((1, 1), np.float32))
    time = builder.constant("time", np.ones((1, 3), np.float32))
    y = builder.tensor("y", [1, 1], "float32")
    builder.op("SVDF", [x, feature, time, -1, state], [y], {"rank": 1})
    model = builder.build([x], [y])
    data = {x: np.ones((4, 1, 1), np.float32)}
    result = oracle.reference(model, data, tensors=[], outputs=[y])
    assert result.tensors[y].ravel().tolist() == [1, 2, 3, 3]


def test_a_refused_model_says_what_litert_said() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor("x", [1], scale=1.0), builder.tensor("y", [1], scale=1.0)
    builder.custom("Unheard", [x], [y])
    with pytest.raises(ToolError, match=r"BUILTIN_REF: .*Unheard"):
        oracle.reference(builder.build([x], [y]), {x: samples(1, 1)}, tensors=[], outputs=[y])


def test_a_crash_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    model, tensors = chain_model(outputs_of_all=False)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ToolError, match="failed with exit code 1"):
        oracle.reference(model, {0: samples(1, 2, 8)}, tensors=[], outputs=tensors[-1:])
    assert "SIGSEGV" in oracle._crash(-11, "")


def test_a_hang_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    model, tensors = chain_model(outputs_of_all=False)
    monkeypatch.setattr(oracle, "START_LIMIT", 0.0)
    monkeypatch.setattr(oracle, "SAMPLE_LIMIT", 0.001)
    with pytest.raises(ToolError, match="no result within 0 s"):
        oracle.reference(model, {0: samples(1, 2, 8)}, tensors=[], outputs=tensors[-1:])


def test_stray_quantized_dimensions_are_cleared() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", [2, 3], scale=1.0, axis=1)
    y = builder.tensor("y", [2, 3], scale=1.0, axis=3)
    builder.op("RELU", [x], [y])
    model = builder.build([x], [y])
    changed = [
        i for i, pair in enumerate(zip(model, repaired(model), strict=True)) if len({*pair}) > 1
    ]
    assert len(changed) == 1 and model[changed[0]] == 3
    result = oracle.reference(model, {x: samples(1, 2, 3)}, tensors=[], outputs=[y])
    assert result.tensors[y].min() >= 0


def test_a_sound_model_is_left_alone() -> None:
    model, _ = chain_model(outputs_of_all=True)
    assert repaired(model) is model


def test_person_detect_runs_after_repair() -> None:
    model = shared_model("tflite_micro/person_detect_int8.tflite").read_bytes()
    repaired_model = repaired(model)
    assert repaired_model is not model and len(repaired_model) == len(model)
