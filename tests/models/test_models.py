# SPDX-License-Identifier: Apache-2.0
"""The MLPerf Tiny reference models, on every target, op by op against the reference."""

from __future__ import annotations

from itertools import product

import pytest

import microlith
from microlith.ir.program import Program
from microlith.verify.inputs import random_inputs
from microlith.verify.verify import render
from tests.paths import shared_model
from tests.tools import OTHERS, TARGETS, THOROUGH, need_target

ACTIVATION_BOUNDS = {
    "kws_int8": 16_000,
    "ic_int8": 49_152,
    "ad_int8": 768,
    "sww_int8": 6_656,
    "vww_int8": 55_296,
}
"""Bytes: the largest sum of activations that are alive at once."""

REPRESENTATIVE = ("kws_int8", "ic_int8", "ad_int8")
"""Models for targets that differ from the others in little but the compiler."""

FLOAT_MODELS = ("ic_float32", "vww_float32", "ad_float32")

HYBRID_MODELS = ("kws_float32", "ad_hybrid")
"""With int8 weights between float activations."""

SAMPLES = 3
"""Random ones; the extreme samples come on top."""


def compile_shared(name: str, target: str) -> Program:
    return microlith.compile(shared_model(f"mlperf_tiny/{name}.tflite"), target=target)


@pytest.mark.parametrize(
    ("name", "target"),
    [*product(ACTIVATION_BOUNDS, THOROUGH), *product(REPRESENTATIVE, OTHERS)],
)
def test_int8_models_are_bit_exact_in_every_op(name: str, target: str) -> None:
    need_target(target)
    verification = compile_shared(name, target).verify(samples=SAMPLES, seed=0)
    assert verification.bit_exact and verification.passed, render(verification)


@pytest.mark.parametrize("target", THOROUGH)
@pytest.mark.parametrize("name", FLOAT_MODELS)
def test_float_models_stay_within_tolerance(name: str, target: str) -> None:
    need_target(target)
    verification = compile_shared(name, target).verify(samples=SAMPLES, seed=0)
    assert verification.passed, render(verification)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", HYBRID_MODELS)
def test_hybrid_models_are_bit_exact_up_to_expf(name: str, target: str) -> None:
    """SOFTMAX takes expf from the C library, which may differ in the last bits."""
    need_target(target)
    program = compile_shared(name, target)
    verification = program.verify(samples=SAMPLES, seed=0)
    assert verification.passed, render(verification)
    softmax = {call.op for call in program.calls if call.kind == "SOFTMAX"}
    assert set(verification.inexact_ops) <= softmax, render(verification)


@pytest.mark.parametrize("target", THOROUGH)
@pytest.mark.parametrize("name", ACTIVATION_BOUNDS)
def test_activations_need_no_more_than_the_liveness_bound(name: str, target: str) -> None:
    path = shared_model(f"mlperf_tiny/{name}.tflite")
    memory = microlith.compile(path, target=target, plan="layerwise").memory
    assert memory.activation_bound == ACTIVATION_BOUNDS[name]
    assert memory.activations == memory.activation_bound


@pytest.mark.parametrize(
    ("name", "optimize", "most"),
    [
        ("kws_int8", "balanced", 9_600),
        ("ic_int8", "balanced", 16_500),
        ("vww_int8", "ram", 29_000),
        ("sww_int8", "ram", 4_900),
        ("ad_int8", "balanced", 1_000),
    ],
)
def test_plans_by_rows_need_little_ram(name: str, optimize: str, most: int) -> None:
    """Arena and state of the linked firmware, at few instructions more than op after op."""
    need_target("cortex-m4")
    path = shared_model(f"mlperf_tiny/{name}.tflite")
    rows, layers = (
        microlith.compile(path, target="cortex-m4", optimize=optimize, plan=plan)
        for plan in ("stream", "layerwise")
    )
    samples = random_inputs(rows.inputs, 1, 0)
    found, plain = rows.simulate(samples), layers.simulate(samples)
    assert found.ram["arena"] is not None and found.ram["arena"] <= most
    assert found.instructions and plain.instructions
    extra = found.instructions[0] / plain.instructions[0] - 1
    assert extra < (0.15 if optimize == "ram" else 0.03)
