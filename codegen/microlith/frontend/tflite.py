# SPDX-License-Identifier: Apache-2.0
"""A .tflite file becomes a Graph. What is malformed is refused here, with ModelError; what is
well-formed but cannot be compiled passes, and `frontend.check` tells all of it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from microlith import ops
from microlith.errors import ModelError, Problem
from microlith.frontend import dataflow, schema
from microlith.frontend.flatbuffer import DAMAGED, Reader, table_of
from microlith.frontend.labels import subgraph_label, tensor_label
from microlith.frontend.tensors import Constants, read_tensor, unsupported
from microlith.ir.graph import Graph, Op, Signature, Subgraph, Tensor

MAX_FILE_SIZE = 1 << 31
"""Bytes. Offsets of a flatbuffer reach no further."""

MAX_CUSTOM_NAME = 256
"""Characters of a custom operator's name, which every message about such an op repeats."""

_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive, as Keras saves models (.keras)",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras saved models (.h5)",
}

_CONVERT = "give a file that the TensorFlow Lite converter wrote (.tflite)"


def read(path: Path) -> Graph:
    """The model in the file `path`. Raises ModelError when there is none or it is malformed."""
    return parse(load(path), path.stem, where=str(path))


def load(path: Path) -> bytes:
    """The bytes of a model's file. Raises ModelError when it cannot be read."""
    where = str(path)
    try:
        if path.is_dir():
            raise ModelError("is a folder", where=where, fix=_CONVERT)
        size = path.stat().st_size
        if size >= MAX_FILE_SIZE:
            raise ModelError(f"the file has {size} bytes: too many", where=where, fix=_CONVERT)
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelError(f"cannot be read: {reason}", where=where, fix="check the path") from error


def load_model(model: str | Path | bytes) -> tuple[Graph, bytes]:
    """A model, given as its path or its bytes, and these bytes. Raises ModelError."""
    if isinstance(model, bytes):
        return parse(model, "model"), model
    path = Path(model)
    data = load(path)
    return parse(data, path.stem, where=str(path)), data


def parse(data: bytes, name: str, where: str = "") -> Graph:
    """The model in `data`; messages name its place `where`. Raises ModelError when malformed."""
    with _located(where):
        return _model(data, name)


def _model(data: bytes, name: str) -> Graph:
    _identify(data)
    reader = Reader(data)
    model: schema.Model = reader.root(table_of(schema.Model))
    if model.version != schema.VERSION:
        raise ModelError(
            f"schema version {model.version} is not {schema.VERSION}",
            fix="convert the model again with a current converter",
        )
    if not model.subgraphs:
        raise ModelError("the file has no subgraph", fix=DAMAGED)
    constants = Constants(reader, model.buffers)
    parts = [_subgraph(reader, model, i, constants) for i in range(len(model.subgraphs))]
    subgraphs = tuple(subgraph for subgraph, _ in parts)
    return Graph(
        name=name,
        subgraphs=subgraphs,
        signatures=tuple(_signature(record, subgraphs) for record in model.signature_defs),
        description=model.description,
        sha256=hashlib.sha256(data).hexdigest(),
        file_size=len(data),
        constant_bytes=subgraphs[0].constant_bytes,
        unsupported=tuple(problem for _, problems in parts for problem in problems),
    )


def _identify(data: bytes) -> None:
    """Refuses what is no TensorFlow Lite model at all."""
    if not data:
        raise ModelError("the file is empty", fix=_CONVERT)
    for start, kind in _OTHER_FORMATS.items():
        if data.startswith(start):
            raise ModelError(f"the file is {kind}", fix="convert the model to .tflite first")
    if len(data) < 8:
        raise ModelError(f"the file has only {len(data)} bytes", fix=DAMAGED)
    if data[4:8] != schema.IDENTIFIER:
        raise ModelError(
            f"the file is not a TensorFlow Lite model (identifier {data[4:8]!r} where "
            f"{schema.IDENTIFIER!r} is expected)",
            fix=_CONVERT,
        )


def _subgraph(
    reader: Reader, model: schema.Model, index: int, constants: Constants
) -> tuple[Subgraph, list[Problem]]:
    """Subgraph `index`, and what it holds that a Graph cannot express."""
    record = model.subgraphs[index]
    inputs = frozenset(record.inputs)
    with _located(subgraph_label(index)):
        tensors: list[Tensor] = []
        problems: list[Problem] = []
        for i, tensor in enumerate(record.tensors):
            where = tensor_label(i, tensor.name)
            with _located(where):
                tensors.append(read_tensor(tensor, constants))
            where = ", ".join(filter(None, (subgraph_label(index), where)))
            problems += unsupported(tensor, where, is_input=i in inputs)
        operators = tuple(
            _operator(reader, model, i, operator) for i, operator in enumerate(record.operators)
        )
        subgraph = Subgraph(record.name, tuple(tensors), operators, record.inputs, record.outputs)
        return dataflow.checked(subgraph), problems


def _operator(reader: Reader, model: schema.Model, index: int, record: schema.Operator) -> Op:
    if record.opcode_index >= len(model.operator_codes):
        raise ModelError(
            f"operator code {record.opcode_index} is missing (the file has "
            f"{len(model.operator_codes)})",
            where=f"op {index}",
            fix=DAMAGED,
        )
    code = model.operator_codes[record.opcode_index]
    with _located(f"op {index}"):
        kind = _kind(code)
    op = Op(kind, index, record.inputs, record.outputs, code.version)
    with _located(op.label):
        return replace(op, attributes=_attributes(reader, kind, record))


def _kind(code: schema.OperatorCode) -> str:
    """`CONV_2D`, `CUSTOM:name` or `BUILTIN_n`. Codes above 127 are in the newer field alone."""
    name = schema.operator_name(max(code.deprecated_builtin_code, code.builtin_code))
    if len(code.custom_code) > MAX_CUSTOM_NAME:
        raise ModelError(
            f"its operator code has a name of {len(code.custom_code)} characters", fix=DAMAGED
        )
    return f"CUSTOM:{code.custom_code}" if name == "CUSTOM" else name


def _attributes(reader: Reader, kind: str, record: schema.Operator) -> Any:
    """What the operator's declaration makes of its options; None for an operator without one."""
    operator = ops.BY_NAME.get(kind)
    if operator is None:
        return None
    if operator.options is None:
        return operator.attributes({})
    table = schema.options_table(operator.options)
    if record.builtin_options is None or record.builtin_options_type == 0:
        return operator.attributes(table.build())
    found = schema.options_name(record.builtin_options_type)
    if found != table.name:
        raise ModelError(f"has {found} where {table.name} are expected", fix=DAMAGED)
    return operator.attributes(reader.read(table, record.builtin_options))


def _signature(record: schema.SignatureDef, subgraphs: Sequence[Subgraph]) -> Signature:
    with _located(f"signature {record.signature_key!r}"):
        if record.subgraph_index >= len(subgraphs):
            raise ModelError(f"subgraph {record.subgraph_index} is missing", fix=DAMAGED)
        subgraph = subgraphs[record.subgraph_index]
        return Signature(
            key=record.signature_key,
            inputs=_ports(record.inputs, frozenset(subgraph.inputs), "an input"),
            outputs=_ports(record.outputs, frozenset(subgraph.outputs), "an output"),
            subgraph=record.subgraph_index,
        )


def _ports(
    entries: Sequence[schema.TensorMap], legal: Set[int], role: str
) -> tuple[tuple[str, int], ...]:
    for entry in entries:
        if entry.tensor_index not in legal:
            raise ModelError(
                f"{entry.name!r} is tensor {entry.tensor_index}, which is not {role} of the model",
                fix=DAMAGED,
            )
    return tuple((entry.name, entry.tensor_index) for entry in entries)


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Puts `where` before the place of a ModelError raised inside."""
    try:
        yield
    except ModelError as error:
        place = ", ".join(filter(None, (where, error.where)))
        raise ModelError(error.what, where=place, fix=error.fix) from None
