# SPDX-License-Identifier: Apache-2.0
"""A graph that passes changed, as a .tflite file.

The file's own tables are edited, not made anew: metadata, signatures, options and quantisation
details that a Graph does not know stay as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from microlith.errors import ModelError
from microlith.ir.graph import Graph, Op, Quantization, Subgraph, Tensor
from microlith.ops import BY_NAME
from microlith.ops.attributes import ACTIVATIONS, PADDINGS

ALIGNMENT = 16
"""Of the data of constants: what the schema asks for, and processors without unaligned loads."""

_OFFLINE_PLAN = b"OfflineMemoryAllocation"
"""Metadata that addresses tensors by number."""

_OPTIONS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "activation": ("fusedActivationFunction", ACTIVATIONS.index),
    "padding": ("padding", PADDINGS.index),
    "shape": ("newShape", list),
}
"""Attributes that passes change, with their names and values in options tables."""


def rewritten(model: bytes, before: Graph, after: Graph) -> bytes:
    """The file `model`, which was read as `before`, with what passes made of it: `after`.

    Tensors, buffers and operator codes that nothing uses are left out, equal constants are stored
    once. Raises ModelError for a file with data behind its tables.
    """
    from ai_edge_litert import schema_py_generated as schema

    root = schema.ModelT.InitFromPackedBuf(model, 0)
    _check_whole(root)
    buffers = _Buffers(root.buffers)
    for number, record in enumerate(root.subgraphs):
        _edit_ops(record, before.subgraphs[number], after.subgraphs[number])
        _edit_tensors(record, before.subgraphs[number], after.subgraphs[number], buffers)
        if all(entry.name != _OFFLINE_PLAN for entry in root.metadata or []):
            _drop_tensors(
                record, [s for s in root.signatureDefs or [] if s.subgraphIndex == number]
            )
    _drop_codes(root)
    root.buffers = buffers.used(root)
    return _packed(root)


def _check_whole(root: Any) -> None:
    outside = any(buffer.offset > 1 for buffer in root.buffers)
    if outside or any(
        op.largeCustomOptionsOffset > 1 for s in root.subgraphs for op in s.operators
    ):
        raise ModelError(
            "constants lie behind the flatbuffer, as in files beyond 2 GiB",
            fix="convert the model again as one flatbuffer",
        )


class _Buffers:
    """Buffers of the new file. Equal data lies in one; tensors without data have buffer 0."""

    def __init__(self, records: Sequence[Any]) -> None:
        self._data = [
            b"" if r.data is None else bytes(np.asarray(r.data, np.uint8)) for r in records
        ]
        self._place: dict[bytes, int] = {b"": 0}

    def add(self, data: bytes) -> int:
        self._data.append(data)
        return len(self._data) - 1

    def used(self, root: Any) -> list[Any]:
        """The buffers that `root` refers to; its references are renumbered."""
        for entry in root.metadata or []:
            entry.buffer = self._placed(entry.buffer)
        root.metadataBuffer = [self._placed(i) for i in root.metadataBuffer or []] or None
        for subgraph in root.subgraphs:
            for tensor in subgraph.tensors:
                tensor.buffer = self._placed(tensor.buffer)
        return [_buffer(data) for data in self._place]

    def _placed(self, index: int) -> int:
        return self._place.setdefault(self._data[index], len(self._place))


def _edit_ops(record: Any, before: Subgraph, after: Subgraph) -> None:
    known = {op.index: op for op in before.ops}
    originals = record.operators
    record.operators = [_edited_op(originals[op.origin], known[op.origin], op) for op in after.ops]


def _edited_op(record: Any, before: Op, after: Op) -> Any:
    record.inputs, record.outputs = list(after.inputs), list(after.outputs)
    changed = {
        name: value for name, value in _values(after).items() if _values(before)[name] != value
    }
    if changed and record.builtinOptions is None:
        _add_options(record, after.kind)
    for name, value in changed.items():
        option, encoded = _OPTIONS[name]
        setattr(record.builtinOptions, option, encoded(value))
    return record


def _values(op: Op) -> dict[str, Any]:
    a = op.attributes
    return {f.name: getattr(a, f.name) for f in fields(a)} if is_dataclass(a) else {}


def _add_options(record: Any, kind: str) -> None:
    """An op without options has their defaults: now it needs a table."""
    from ai_edge_litert import schema_py_generated as schema

    options = BY_NAME[kind].options
    assert options is not None, f"{kind} has attributes, but no options"
    record.builtinOptions = getattr(schema, f"{options.table}T")()
    record.builtinOptionsType = getattr(schema.BuiltinOptions, options.table)


def _edit_tensors(record: Any, before: Subgraph, after: Subgraph, buffers: _Buffers) -> None:
    from ai_edge_litert import schema_py_generated as schema

    for index, tensor in enumerate(after.tensors):
        old = before.tensors[index] if index < len(before.tensors) else None
        if old is None:
            record.tensors.append(schema.TensorT())
            record.tensors[index].type = getattr(schema.TensorType, tensor.dtype.name)
            record.tensors[index].name = tensor.name
        if old is not tensor:
            _edit_tensor(record.tensors[index], old, tensor, buffers)


def _edit_tensor(record: Any, before: Tensor | None, after: Tensor, buffers: _Buffers) -> None:
    record.shape = list(after.shape)
    if record.shapeSignature is not None and len(record.shapeSignature):
        pairs = zip(record.shapeSignature, after.shape, strict=True)
        record.shapeSignature = [-1 if old == -1 else new for old, new in pairs]
    if after.data is not None and (before is None or after.data is not before.data):
        record.buffer = buffers.add(np.ascontiguousarray(after.data).tobytes())
    if after.quantization is not None and (
        before is None or after.quantization != before.quantization
    ):
        _edit_quantization(record, after.quantization)


def _edit_quantization(record: Any, after: Quantization) -> None:
    from ai_edge_litert import schema_py_generated as schema

    found = record.quantization or schema.QuantizationParametersT()
    if found.scale is None or len(found.scale) != len(after.scales):
        found.min = found.max = None  # one an old channel, and of no use at run time
    found.scale, found.zeroPoint = list(after.scales), list(after.zero_points)
    found.quantizedDimension = after.axis
    record.quantization = found


def _drop_tensors(record: Any, signatures: Sequence[Any]) -> None:
    """Leaves out tensors that nothing names, and renumbers the others."""
    entries = [entry for s in signatures for entry in (*(s.inputs or []), *(s.outputs or []))]
    used = {*record.inputs, *record.outputs, *(entry.tensorIndex for entry in entries)}
    for op in record.operators:
        used |= {
            *op.inputs,
            *op.outputs,
            *(op.intermediates if op.intermediates is not None else []),
        }
    kept = sorted(int(index) for index in used if index >= 0)
    new = {-1: -1} | {old: position for position, old in enumerate(kept)}
    record.tensors = [record.tensors[index] for index in kept]
    for entry in entries:
        entry.tensorIndex = new[entry.tensorIndex]
    for owner, names in [(record, ("inputs", "outputs"))] + [
        (op, ("inputs", "outputs", "intermediates")) for op in record.operators
    ]:
        for name in names:
            if getattr(owner, name) is not None:
                setattr(owner, name, [new[int(index)] for index in getattr(owner, name)])


def _drop_codes(root: Any) -> None:
    ops = [op for subgraph in root.subgraphs for op in subgraph.operators]
    kept = sorted({op.opcodeIndex for op in ops})
    root.operatorCodes = [root.operatorCodes[index] for index in kept]
    for op in ops:
        op.opcodeIndex = kept.index(op.opcodeIndex)


def _buffer(data: bytes) -> Any:
    """A buffer whose data is aligned: the official Python code does not see to that."""
    from ai_edge_litert import schema_py_generated as schema

    class Aligned(schema.BufferT):  # type: ignore[misc]
        def Pack(self, builder: Any) -> Any:  # noqa: N802
            if data:
                builder.StartVector(1, len(data), ALIGNMENT)
                builder.head -= len(data)
                builder.Bytes[builder.head : builder.head + len(data)] = data
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if data:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    return Aligned()


def _packed(root: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(root.Pack(builder), b"TFL3")
    return bytes(builder.Output())
