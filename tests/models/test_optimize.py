# SPDX-License-Identifier: Apache-2.0
"""What the graph optimiser makes of the shared models, as graphs and as .tflite files."""

from __future__ import annotations

import numpy as np
import pytest

import microlith
from microlith.frontend import parse
from microlith.ir.graph import Array
from microlith.lower.ports import make_ports, named_ports
from microlith.verify.inputs import concatenate, extreme_inputs, random_inputs
from microlith.verify.oracle import Tensors, reference_outputs
from microlith.verify.verify import render
from tests.paths import shared_model
from tests.tools import need_target

VWW = "mlperf_tiny/vww_int8.tflite"

MODELS = (
    *(f"mlperf_tiny/{name}_int8.tflite" for name in ("kws", "ic", "vww", "ad", "sww")),
    "tflite_micro/person_detect_int8.tflite",
    "keras/mobilenetv2_035_96_int8.tflite",
)

OTHERS = ("tflite_micro/person_detect_int8.tflite", "keras/mobilenetv2_035_96_int8.tflite")
"""Models that no other test verifies."""


def outputs(model: bytes, data: Tensors) -> list[Array]:
    """What the reference computes for `data`, in the order of the model's inputs."""
    main = parse(model, "model").main
    given = dict(zip(main.inputs, data.values(), strict=True))
    _, found = reference_outputs(model, given, main.outputs)
    return [found[tensor] for tensor in main.outputs]


def samples(model: bytes) -> Tensors:
    """Random and extreme inputs by tensor."""
    graph = parse(model, "model")
    inputs, _ = named_ports(graph, None)
    ports = make_ports(graph, inputs, "input", dict.fromkeys(graph.main.inputs, 0))
    data = concatenate(random_inputs(ports, 16, 0), extreme_inputs(ports))
    return {port.tensor: data[port.key] for port in ports}


@pytest.mark.parametrize("name", MODELS)
def test_the_file_computes_the_same_bytes(name: str) -> None:
    path = shared_model(name)
    model = path.read_bytes()
    result = microlith.optimize(path)
    data = samples(model)
    pairs = zip(outputs(model, data), outputs(result.model, data), strict=True)
    assert all(np.array_equal(before, after) for before, after in pairs)
    assert result.after.size < result.before.size
    assert result.after.macs <= result.before.macs


def test_vww_loses_half_its_work_and_six_sevenths_of_its_weights() -> None:
    result = microlith.optimize(shared_model(VWW))
    assert (result.before.macs, result.after.macs) == (7_489_664, 3_727_313)
    assert (result.before.weights, result.after.weights) == (219_072, 33_130)
    weights = [_int8_bytes(model) for model in (shared_model(VWW).read_bytes(), result.model)]
    assert weights == [208_112, 29_066]


def _int8_bytes(model: bytes) -> int:
    main = parse(model, "model").main
    data = [tensor.data for tensor in main.tensors if tensor.data is not None]
    return sum(array.nbytes for array in data if array.dtype == np.int8)


def test_nothing_is_left_to_do_in_an_optimised_file() -> None:
    once = microlith.optimize(shared_model(VWW))
    twice = microlith.optimize(once.model)
    assert twice.passes == ()
    assert twice.model == once.model


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize("name", OTHERS)
def test_every_op_is_bit_exact(name: str, target: str) -> None:
    need_target(target)
    verification = microlith.compile(shared_model(name), target=target).verify(samples=3)
    assert verification.bit_exact and verification.passed, render(verification)


def test_all_ops_of_vww_are_compared_on_what_is_left_of_them() -> None:
    program = microlith.compile(shared_model(VWW))
    verification = program.verify(samples=3)
    assert verification.bit_exact, render(verification)
    assert verification.compared_ops == verification.ops - 1  # RESHAPE is a view
    dropped = [len(c.constants) for c in program.channels.values()]
    assert sum(dropped) > 1000
