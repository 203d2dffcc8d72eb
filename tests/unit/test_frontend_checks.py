# SPDX-License-Identifier: Apache-2.0
"""Every reason why a model cannot be compiled, at once, with its place and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as generated

from microlith import frontend, ops
from microlith.errors import Problem
from microlith.ir.graph import DType
from microlith.ops.base import Operator, Types
from tests.tflite_builder import ModelBuilder, serialise


class Known(Operator):
    """An operator that stands for those which microlith knows."""

    name = "ABS"
    summary = "for tests"
    versions: ClassVar[range] = range(1, 3)
    types: ClassVar[tuple[Types, ...]] = (Types((DType.INT8,), (DType.INT8,)),)


@pytest.fixture(autouse=True)
def one_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about the checks, not about the operators that there are."""
    monkeypatch.setattr(ops, "BY_NAME", {"ABS": Known()})


def check(data: bytes) -> list[str]:
    return [str(problem) for problem in frontend.check(frontend.parse(data, "tiny"))]


def absolute(**tensor: Any) -> bytes:
    """y = |x|, with changes to x."""
    builder = ModelBuilder()
    shape = tensor.pop("shape", [1, 4])
    x = builder.tensor("x", shape, **tensor)
    y = builder.tensor("y", shape, tensor.get("dtype", "int8"))
    builder.op("ABS", [x], [y])
    return builder.build([x], [y])


def changed(change: Callable[[Any], None]) -> bytes:
    """`absolute()` after a change to its object form."""
    model = generated.ModelT.InitFromPackedBuf(bytearray(absolute()), 0)
    change(model)
    return serialise(model)


def test_a_legal_model_has_no_problems() -> None:
    assert check(absolute()) == []


def test_all_operators_are_told_at_once() -> None:
    builder = ModelBuilder()
    names = [builder.tensor(f"t{i}", [1, 4]) for i in range(6)]
    builder.custom("FlexErf", names[0:1], names[1:2])
    builder.custom("Mine", names[1:2], names[2:3])
    builder.op("COS", names[2:3], names[3:4])
    builder.op("ABS", names[3:4], names[4:5], version=9)
    builder.op("ABS", names[4:5] * 2, names[5:6])
    assert check(builder.build(names[:1], names[5:])) == [
        "op 0 (CUSTOM:FlexErf), tensor 't1': Erf is a TensorFlow operator, which the converter "
        "kept; convert the model with TFLITE_BUILTINS operators only, without SELECT_TF_OPS",
        "op 1 (CUSTOM:Mine), tensor 't2': custom operator 'Mine' is not supported; compute it "
        "outside the model, or replace it by builtin operators",
        "op 2 (COS), tensor 't3': the operator is not supported; replace it in the model by "
        "supported operators (docs/OPERATORS.md lists them)",
        "op 3 (ABS), tensor 't4': version 9 is not supported (known: 1 to 2); convert the model "
        "with an older converter, or update microlith",
        "op 4 (ABS), tensor 't5': has 2 inputs where 1 to 1 are legal; convert the model again",
    ]


@pytest.mark.parametrize(
    ("tensor", "problem"),
    [
        (
            {"shape_signature": [1, -1]},
            "tensor 'x': shape [1,-1] is dynamic; convert the model with fixed input shapes",
        ),
        ({"shape": [-1, 4]}, "tensor 'x': shape [-1,4] is dynamic; convert the model with"),
        ({"shape": [1, 0]}, "tensor 'x': int8[1,0] has no elements; convert the model with fixed"),
        (
            {"shape": [65536, 65536]},
            "tensor 'x': int8[65536,65536] takes 4294967296 bytes, more than 2147483647; use a",
        ),
        (
            {"shape": [1 << 30]},
            "op 0 (ABS), tensor 'y': its inputs and outputs take 2147483648 bytes together",
        ),
        ({"dtype": "float16"}, "tensor 'x': element type float16 is not supported; convert the"),
        ({"scale": -0.5}, "tensor 'x': scale -0.5 is not a positive number; quantise the model"),
        ({"scale": float("nan")}, "tensor 'x': scale nan is not a positive number"),
        ({"scale": 0.5, "zero_point": 128}, "tensor 'x': zero point 128 is not within -128 to 127"),
        (
            {"scale": [0.5, 0.25, 0.125], "axis": 1},
            "tensor 'x': has 3 scales for 4 channels (axis 1 of int8[1,4])",
        ),
        ({"data": [[1, 2, 3, 4]]}, "tensor 'x': is an input and has constant data; convert"),
    ],
)
def test_a_tensor_that_cannot_be_compiled(tensor: dict[str, Any], problem: str) -> None:
    assert any(line.startswith(problem) for line in check(absolute(**tensor)))


def test_what_a_graph_cannot_express() -> None:
    def change(model: Any) -> None:
        x = model.subgraphs[0].tensors[0]
        x.sparsity = generated.SparsityParametersT()
        x.externalBuffer = 1
        x.quantization = generated.QuantizationParametersT()
        x.quantization.detailsType = generated.QuantizationDetails.CustomQuantization
        x.quantization.details = generated.CustomQuantizationT()

    assert check(changed(change)) == [
        "tensor 'x': the constant is stored sparse; convert the model with dense weights",
        "tensor 'x': the constant lies in another file; convert the model into a single file",
        "tensor 'x': the quantisation is custom or by blocks; quantise the model per tensor or "
        "per channel",
    ]


def test_several_subgraphs() -> None:
    def change(model: Any) -> None:
        again = generated.ModelT.InitFromPackedBuf(bytearray(absolute(dtype="float64")), 0)
        model.subgraphs += again.subgraphs

    problems = check(changed(change))
    assert "subgraph 1, tensor 'x': element type float64 is not supported" in problems[0]
    assert "the model has 2 subgraphs, and only one can be compiled" in problems[-1]


def test_a_model_without_operators() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", [4])
    assert check(builder.build([x], [x]))[0].startswith("the model has no operators")
    assert check(builder.build([x], []))[0].startswith("the model has no outputs")


def test_unused_tensors_do_no_harm() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor("x", [4]), builder.tensor("y", [4])
    builder.tensor("left over", [0], "float64")
    builder.op("ABS", [x], [y])
    assert check(builder.build([x], [y])) == []


def test_long_names_are_cut_and_absent_names_are_numbers() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor("x", [4]), builder.tensor("layer;" * 50, [4])
    z = builder.tensor("", [4])
    builder.op("COS", [x], [y])
    builder.op("COS", [y], [z])
    graph = frontend.parse(builder.build([x], [z]), "tiny")
    first, second = (problem.where for problem in frontend.check(graph))
    assert first == f"op 0 (COS), tensor '{('layer;' * 50)[:57]}...'"
    assert second == "op 1 (COS), tensor 2"


def test_problems_have_all_parts() -> None:
    constant = np.zeros(4, np.float64)
    builder = ModelBuilder()
    x, y = builder.constant("x", constant), builder.tensor("y", [4], "float64")
    builder.custom("Mine", [x], [y])
    problems = frontend.check(frontend.parse(builder.build([], [y]), "tiny"))
    assert len(problems) == 2
    assert all(isinstance(p, Problem) and p.what and p.where and p.fix for p in problems)
