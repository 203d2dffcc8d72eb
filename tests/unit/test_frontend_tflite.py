# SPDX-License-Identifier: Apache-2.0
"""From a .tflite file to a Graph: real models against the official reader, and bad input."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as generated

from microlith import frontend
from microlith.errors import ModelError
from microlith.ir.graph import DType, Graph, Quantization
from tests.paths import ROOT, SHARED, shared_model
from tests.tflite_builder import ModelBuilder, serialise

REAL_MODELS = sorted(
    [*(SHARED / "models").glob("*/*.tflite"), *(ROOT / "examples").glob("*/*.tflite")]
)


def add_model(**changes: Any) -> bytes:
    """y = x + w of four int8 elements."""
    builder = ModelBuilder()
    x = builder.tensor("x", [1, 4], scale=0.5, **changes)
    w = builder.constant("w", np.array([1, -2, 3, 4], np.int8), scale=0.25)
    y = builder.tensor("y", [1, 4], scale=1.0, zero_point=3)
    builder.op("ADD", [x, w], [y], {"fusedActivationFunction": "RELU"}, version=2)
    return builder.build([x], [y], {"serve": ({"a": x}, {"b": y})}, description="adds")


def changed(change: Callable[[Any], None]) -> bytes:
    """`add_model()` after a change to its object form."""
    model = generated.ModelT.InitFromPackedBuf(bytearray(add_model()), 0)
    change(model)
    return serialise(model)


def parse(data: bytes) -> Graph:
    return frontend.parse(data, "tiny")


@pytest.mark.parametrize("path", REAL_MODELS, ids=lambda path: path.stem)
def test_a_real_model_equals_the_official_reader(path: Path) -> None:
    graph = frontend.read(path)
    model = generated.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()), 0)
    (expected,) = model.subgraphs
    main = graph.main
    assert main.inputs == tuple(expected.inputs)
    assert main.outputs == tuple(expected.outputs)
    for tensor, wanted in zip(main.tensors, expected.tensors, strict=True):
        assert tensor.name == (wanted.name or b"").decode()
        assert tensor.shape == tuple([] if wanted.shape is None else wanted.shape)
        data = model.buffers[wanted.buffer].data
        if data is None:
            assert tensor.data is None
        else:
            assert tensor.data is not None
            assert tensor.data.tobytes() == data.tobytes()
            assert tensor.data.flags.aligned
            assert not tensor.data.flags.writeable
        scales = None if wanted.quantization is None else wanted.quantization.scale
        if scales is None or not len(scales):
            assert tensor.quantization is None
        else:
            assert tensor.quantization is not None
            assert tensor.quantization.scales == tuple(scales.tolist())
            assert tensor.quantization.axis < max(1, len(tensor.shape))
    for op, operator in zip(main.ops, expected.operators, strict=True):
        assert op.inputs == tuple(operator.inputs)
        assert op.outputs == tuple(operator.outputs)
        assert op.version == model.operatorCodes[operator.opcodeIndex].version


def test_parsing_is_fast() -> None:
    data = shared_model("mlperf_tiny/vww_int8.tflite").read_bytes()
    parse(data)
    start = time.perf_counter()
    parse(data)
    assert time.perf_counter() - start < 0.1


def test_biases_with_the_axis_of_their_weights() -> None:
    graph = frontend.read(shared_model("tflite_micro/person_detect_int8.tflite"))
    biases = [t for t in graph.main.tensors if t.dtype is DType.INT32 and t.quantization]
    assert biases
    assert all(bias.quantization and bias.quantization.axis == 0 for bias in biases)


def test_a_small_model() -> None:
    graph = parse(add_model())
    x, w, y = graph.main.tensors
    assert (x.name, x.dtype, x.shape) == ("x", DType.INT8, (1, 4))
    assert w.data is not None
    assert w.data.tolist() == [1, -2, 3, 4]
    assert y.quantization == Quantization((1.0,), (3,))
    (op,) = graph.main.ops
    assert (op.kind, op.index, op.inputs, op.outputs, op.version) == ("ADD", 0, (0, 1), (2,), 2)
    (signature,) = graph.signatures
    assert (signature.key, signature.inputs, signature.outputs) == (
        "serve",
        (("a", 0),),
        (("b", 2),),
    )
    assert (graph.name, graph.description, len(graph.sha256)) == ("tiny", "adds", 64)


def test_batch_of_one_is_no_dynamic_shape() -> None:
    assert not parse(add_model(shape_signature=[-1, 4])).unsupported


def test_a_buffer_outside_the_flatbuffer() -> None:
    # The place is only known when the rest is written: write twice.
    def place_at(offset: int) -> Callable[[Any], None]:
        def change(model: Any) -> None:
            model.buffers[1].data = None
            model.buffers[1].offset, model.buffers[1].size = offset, 4

        return change

    offset = len(changed(place_at(1 << 40)))
    graph = parse(changed(place_at(offset)) + b"\x05\x06\x07\xff")
    data = graph.main.tensors[1].data
    assert data is not None
    assert data.tolist() == [5, 6, 7, -1]
    with pytest.raises(ModelError, match=r"tensor 'w': offset 0x\w+ of buffer 1 points outside"):
        parse(changed(place_at(offset)) + b"\x05\x06\x07")


def test_tensors_of_one_buffer_share_one_copy() -> None:
    builder = ModelBuilder()
    first = builder.constant("first", np.arange(6, dtype=np.int32))
    second = builder.tensor("second", [2, 3], "int32")
    builder.tensors[second].buffer = builder.tensors[first].buffer
    y = builder.tensor("y", [2, 3], "int32")
    builder.op("ADD", [first, second], [y])
    a, b, _ = parse(builder.build([], [y])).main.tensors
    assert a.data is not None
    assert b.data is not None
    assert np.shares_memory(a.data, b.data)


def test_constants_of_types_that_numpy_lacks_stay_raw() -> None:
    builder = ModelBuilder()
    packed = builder.tensor("packed", [3], "int8", data=[0x21, 0x03], scale=1.0)
    builder.tensors[packed].type = generated.TensorType.INT4
    text = builder.tensor("text", [1], "int8", data=[1, 2, 3, 4, 5])
    builder.tensors[text].type = generated.TensorType.STRING
    y = builder.tensor("y", [1])
    builder.custom("Lookup", [packed, text], [y])
    graph = parse(builder.build([], [y]))
    arrays = [tensor.data for tensor in graph.main.tensors[:2]]
    assert [a.tolist() for a in arrays if a is not None] == [[0x21, 3], [1, 2, 3, 4, 5]]
    assert graph.main.ops[0].kind == "CUSTOM:Lookup"


def test_a_constant_without_elements_needs_no_buffer() -> None:
    builder = ModelBuilder()
    x, shape = builder.tensor("x", [1]), builder.tensor("shape", [0], "int32")
    y = builder.tensor("y", [])
    builder.op("RESHAPE", [x, shape], [y])
    tensors = parse(builder.build([x], [y])).main.tensors
    assert tensors[1].data is not None
    assert tensors[1].data.shape == (0,)


def test_absent_optional_inputs_and_unknown_operators() -> None:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = 12345
        model.subgraphs[0].operators[0].inputs = [0, -1]

    (op,) = parse(changed(change)).main.ops
    assert (op.kind, op.inputs, op.attributes) == ("BUILTIN_12345", (0, -1), None)


def test_a_scale_of_zero_is_no_quantisation() -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].quantization.scale = [0.0]

    assert parse(changed(change)).main.tensors[0].quantization is None


def main(model: Any) -> Any:
    return model.subgraphs[0]


BROKEN: list[tuple[str, Callable[[Any], None], str]] = [
    (
        "schema version",
        lambda m: setattr(m, "version", 2),
        r"^tiny.tflite: schema version 2 is not 3; convert",
    ),
    ("no subgraph", lambda m: setattr(m, "subgraphs", []), "the file has no subgraph"),
    (
        "operator code",
        lambda m: setattr(m, "operatorCodes", []),
        r"op 0: operator code 0 is missing \(the file has 0\)",
    ),
    (
        "missing buffer",
        lambda m: setattr(m, "buffers", m.buffers[:1]),
        r"tensor 'w': buffer 1 is missing \(the file has 1\)",
    ),
    (
        "missing data",
        lambda m: setattr(m.buffers[1], "data", None),
        r"op 0 \(ADD\), tensor 'y': input 1, tensor 'w', has no value",
    ),
    (
        "endless name",
        lambda m: setattr(m.operatorCodes[0], "customCode", "n" * 1000),
        "op 0: its operator code has a name of 1000 characters",
    ),
    (
        "short data",
        lambda m: setattr(m.buffers[1], "data", [1, 2, 3]),
        r"tensor 'w': int8\[4\] takes 4 bytes, but its buffer has 3",
    ),
    (
        "absurd constant",
        lambda m: setattr(main(m).tensors[1], "shape", [2**31 - 1] * 8),
        r"tensor 'w': int8\[2147483647,.*\] takes 4\d+ bytes, but its buffer has 4",
    ),
    (
        "negative extent",
        lambda m: setattr(main(m).tensors[0], "shape", [1, -7]),
        r"tensor 'x': shape \[1,-7\] is impossible",
    ),
    (
        "endless rank",
        lambda m: setattr(main(m).tensors[0], "shape", [1] * 1000),
        r"tensor 'x': shape \[1,1,1,1,1,1,1,1,...\] is impossible",
    ),
    (
        "element type",
        lambda m: setattr(main(m).tensors[0], "type", 77),
        "tensor 'x': element type 77 is unknown",
    ),
    (
        "zero points",
        lambda m: setattr(main(m).tensors[0].quantization, "zeroPoint", [1, 2, 3]),
        "tensor 'x': quantisation has 1 scales but 3 zero points",
    ),
    (
        "op input",
        lambda m: setattr(main(m).operators[0], "inputs", [0, 9]),
        r"op 0 \(ADD\), inputs: tensor 9 is missing \(the file has 3\)",
    ),
    (
        "absent output",
        lambda m: setattr(main(m).operators[0], "outputs", [-1]),
        r"op 0 \(ADD\), outputs: tensor -1 is missing",
    ),
    (
        "graph input",
        lambda m: setattr(main(m), "inputs", [3]),
        "the list of inputs: tensor 3 is missing",
    ),
    (
        "repeated input",
        lambda m: setattr(main(m), "inputs", [0, 0]),
        "the list of inputs: tensor 'x' is listed twice",
    ),
    (
        "graph output",
        lambda m: setattr(main(m), "operators", []),
        "the list of outputs: tensor 'y' is computed by no op",
    ),
    (
        "cycle",
        lambda m: setattr(main(m).operators[0], "inputs", [0, 2]),
        r"op 0 \(ADD\), tensor 'y': input 1, tensor 'y', has no value",
    ),
    (
        "output is input",
        lambda m: setattr(main(m).operators[0], "outputs", [0]),
        r"op 0 \(ADD\): tensor 'x' is its output, but is an input or a constant",
    ),
    (
        "written twice",
        lambda m: main(m).operators.append(main(m).operators[0]),
        r"op 1 \(ADD\): tensor 'y' is its output, but is written by two ops",
    ),
    (
        "signature subgraph",
        lambda m: setattr(m.signatureDefs[0], "subgraphIndex", 1),
        "signature 'serve': subgraph 1 is missing",
    ),
    (
        "signature input",
        lambda m: setattr(m.signatureDefs[0].inputs[0], "tensorIndex", 1),
        "signature 'serve': 'a' is tensor 1, which is not an input of the model",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_malformed_model_is_refused(change: Callable[[Any], None], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        frontend.parse(changed(change), "tiny", where="tiny.tflite")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; give a file that the TensorFlow Lite converter wrote"),
        (b"TFL3", "the file has only 4 bytes; the file is truncated or damaged"),
        (b"\x1c\0\0\0TFL2" + bytes(100), r"identifier b'TFL2' where b'TFL3' is expected"),
        (b"PK\x03\x04" + bytes(100), r"a zip archive, as Keras saves models \(.keras\)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), r"an HDF5 file, as Keras saved models \(.h5\)"),
        (b"a text of no importance", "is not a TensorFlow Lite model"),
    ],
)
def test_what_is_no_model_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        parse(data)


def test_every_truncation_is_refused() -> None:
    data = add_model()
    for size in range(0, len(data) - 1, 7):
        with pytest.raises(ModelError, match=r"truncated or damaged|the file is empty"):
            parse(data[:size])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent\.tflite: cannot be read: No such file"):
        frontend.read(tmp_path / "absent.tflite")
    with pytest.raises(ModelError, match="is a folder"):
        frontend.read(tmp_path)
    path = tmp_path / "empty.tflite"
    path.write_bytes(b"")
    with pytest.raises(ModelError, match=r"empty\.tflite: the file is empty"):
        frontend.read(path)
