# SPDX-License-Identifier: Apache-2.0
"""Verification of a whole program, with runs that are right, slightly off and wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from microlith.errors import InputError, OptionError
from microlith.ir.graph import Array, DType, Graph, Op, Quantization, Subgraph, Tensor
from microlith.ir.program import MemoryPlan, Port, Program
from microlith.verify.verify import Verification, render, verify
from tests.tflite_builder import ModelBuilder

SHAPE = (1, 4)


@dataclass
class Run:
    """Results of a program, as a simulator would tell them."""

    outputs: dict[str, Array]
    trace: dict[tuple[int, int], Array]


def model(dtype: str) -> bytes:
    """x -> RELU -> t -> RELU6 -> y, without requantisation."""
    builder = ModelBuilder()
    scale = 0.1 if dtype == "int8" else None
    x, t, y = (builder.tensor(name, SHAPE, dtype, scale) for name in "xty")
    builder.op("RELU", [x], [t])
    builder.op("RELU6", [t], [y])
    return builder.build([x], [y])


def graph(dtype: DType) -> Graph:
    tensors = tuple(Tensor(name, dtype, SHAPE, Quantization((0.1,), (0,))) for name in "xty")
    ops = (Op("RELU", 0, (0,), (1,)), Op("RELU6", 1, (1,), (2,)))
    return Graph("m", (Subgraph("main", tensors, ops, (0,), (2,)),))


def program(dtype: DType) -> Program:
    def port(name: str, tensor: int) -> Port:
        return Port(name, name, tensor, name, dtype, SHAPE, Quantization((0.1,), (0,)), 0)

    memory = MemoryPlan(0, 0, 0, 0, True, "", "")
    return Program(
        name="m",
        target="host",
        model_name="m",
        model_sha256="",
        model_size=0,
        description="",
        calls=(),
        steps=(),
        buffers=(),
        constants=(),
        inputs=(port("x", 0),),
        outputs=(port("y", 2),),
        memory=memory,
    )


def correct(data: Mapping[str, Array]) -> Run:
    x = data["x"]
    six = 60 if x.dtype == np.int8 else 6
    t = np.maximum(x, x.dtype.type(0))
    y = np.minimum(t, x.dtype.type(six))
    return Run({"y": y}, {(0, 0): stored(t), (1, 0): stored(y)})


def stored(values: Array) -> Array:
    return np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1)


def check(kind: str, run: object = correct, samples: int = 5) -> Verification:
    dtype = DType(kind)
    return verify(
        program(dtype),
        graph(dtype),
        model(kind),
        run,  # type: ignore[arg-type]
        samples=samples,
        seed=3,
    )


@pytest.mark.parametrize("kind", ["int8", "float32"])
def test_right_results_pass(kind: str) -> None:
    verification = check(kind)
    assert verification.passed and verification.bit_exact
    assert verification.samples == 8 and verification.compared_ops == 2
    assert verification.first_mismatch is None and verification.mismatched_samples == 0
    assert verification.max_abs_diff == 0
    assert render(verification).startswith("PASSED on host: every byte equals the reference")


def test_json_has_the_documented_keys() -> None:
    result = check("int8").to_json()
    documented = {"target", "passed", "bit_exact", "oracle", "max_abs_diff", "mismatched_samples"}
    assert documented | {"first_mismatch", "litert_default"} <= set(result)
    assert "BUILTIN_REF" in result["oracle"]
    assert result["litert_default"] == {"max_abs_diff": 0.0}
    json.dumps(result, allow_nan=False)


def test_the_first_wrong_op_in_the_order_of_the_file_is_told() -> None:
    def wrong(data: Mapping[str, Array]) -> Run:
        run = correct(data)
        run.trace[(0, 0)][2, 3] ^= 1
        run.outputs["y"] = run.outputs["y"].copy()
        run.outputs["y"][4, 0, 1] ^= 2
        return run

    verification = check("int8", wrong)
    assert not verification.passed and verification.mismatched_samples == 2
    assert verification.max_abs_diff == 2
    mismatch = verification.to_json()["first_mismatch"]
    assert (mismatch["op"], mismatch["type"]) == (0, "RELU")
    assert (mismatch["tensor"], mismatch["index"]) == ("t", [2, 0, 3])
    assert mismatch["expected"] ^ mismatch["got"] == 1
    text = render(verification)
    assert "FAILED" in text and "op 0 (RELU), tensor 't', sample 2, index [0, 3]" in text
    assert "2 of 8" in text


def test_outputs_are_compared_without_a_trace() -> None:
    def wrong(data: Mapping[str, Array]) -> Run:
        y = correct(data).outputs["y"].copy()
        y[0, 0, 0] ^= 1
        return Run({"y": y}, {})

    verification = check("int8", wrong)
    assert verification.first_mismatch is not None
    assert verification.first_mismatch.op is not None
    assert verification.first_mismatch.op.kind == "RELU6"


def test_small_float_differences_pass_but_are_not_exact() -> None:
    def close(data: Mapping[str, Array]) -> Run:
        run = correct(data)
        return Run({"y": run.outputs["y"] * np.float32(1 + 1e-6)}, run.trace)

    verification = check("float32", close)
    assert verification.passed and not verification.bit_exact
    assert 0 < verification.max_abs_diff < 1e-5
    assert "within the float tolerance" in render(verification)


def test_not_a_number_fails_and_is_valid_json() -> None:
    def broken(data: Mapping[str, Array]) -> Run:
        run = correct(data)
        run.outputs["y"][0, 0, 0] = np.nan
        return Run(run.outputs, {})

    result = check("float32", broken).to_json()
    assert result["passed"] is False and result["max_abs_diff"] == "inf"
    assert result["first_mismatch"]["got"] == "nan"
    json.dumps(result, allow_nan=False)


def test_extreme_samples_are_there_without_random_ones() -> None:
    assert check("int8", samples=0).samples == 3


def test_given_inputs_are_checked() -> None:
    arguments = (program(DType.INT8), graph(DType.INT8), model("int8"), correct)
    with pytest.raises(InputError, match="'x' is missing"):
        verify(*arguments, samples=1, seed=0, inputs={})
    with pytest.raises(OptionError, match="-1 samples"):
        verify(*arguments, samples=-1, seed=0)
    data = {"x": np.zeros((2, *SHAPE), np.int8)}
    assert verify(*arguments, samples=9, seed=0, inputs=data).samples == 2
