# SPDX-License-Identifier: Apache-2.0
"""The tables of the TensorFlow Lite schema (version 3) that a model consists of.

A record class declares a table: the class is named as in the schema, each field has its slot and
kind. Fields that nothing here needs are left out. A test compares all of it with the accessors of
the official generated module. Option tables come from the operators' declarations.
"""

# ruff: noqa: RUF009 (slot() makes a field of a dataclass)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ai_edge_litert import schema_py_generated as generated

from microlith.frontend.flatbuffer import Field, Table, Vector, slot
from microlith.ir.graph import DType
from microlith.ops.base import Options

IDENTIFIER = b"TFL3"
VERSION = 3


@dataclass(frozen=True)
class QuantizationParameters:
    scale: tuple[float, ...] = slot(2, "[float]")
    zero_point: tuple[int, ...] = slot(3, "[int64]")
    details_type: int = slot(4, "uint8")
    quantized_dimension: int = slot(6, "int32")


@dataclass(frozen=True)
class SparsityParameters:
    traversal_order: tuple[int, ...] = slot(0, "[int32]")


@dataclass(frozen=True)
class Tensor:
    shape: tuple[int, ...] = slot(0, "[int32]")
    type: int = slot(1, "int8")
    buffer: int = slot(2, "uint32")
    name: str = slot(3, "string")
    quantization: QuantizationParameters | None = slot(4, QuantizationParameters)
    is_variable: bool = slot(5, "bool")
    sparsity: SparsityParameters | None = slot(6, SparsityParameters)
    shape_signature: tuple[int, ...] = slot(7, "[int32]")
    external_buffer: int = slot(10, "uint32")


@dataclass(frozen=True)
class OperatorCode:
    deprecated_builtin_code: int = slot(0, "int8")
    custom_code: str = slot(1, "string")
    version: int = slot(2, "int32", 1)
    builtin_code: int = slot(3, "int32")


@dataclass(frozen=True)
class Operator:
    """`builtin_options` is the position of a table whose kind `builtin_options_type` tells."""

    opcode_index: int = slot(0, "uint32")
    inputs: tuple[int, ...] = slot(1, "[int32]")
    outputs: tuple[int, ...] = slot(2, "[int32]")
    builtin_options_type: int = slot(3, "uint8")
    builtin_options: int | None = slot(4, "table")


@dataclass(frozen=True)
class SubGraph:
    tensors: tuple[Tensor, ...] = slot(0, Vector(Tensor))
    inputs: tuple[int, ...] = slot(1, "[int32]")
    outputs: tuple[int, ...] = slot(2, "[int32]")
    operators: tuple[Operator, ...] = slot(3, Vector(Operator))
    name: str = slot(4, "string")


@dataclass(frozen=True)
class Buffer:
    """Bytes of a constant: in `data`, or in large files `size` bytes at `offset` of the file.
    Offsets 0 and 1 mean that there are none."""

    data: memoryview | None = slot(0, "bytes")
    offset: int = slot(1, "uint64")
    size: int = slot(2, "uint64")


@dataclass(frozen=True)
class TensorMap:
    name: str = slot(0, "string")
    tensor_index: int = slot(1, "uint32")


@dataclass(frozen=True)
class SignatureDef:
    inputs: tuple[TensorMap, ...] = slot(0, Vector(TensorMap))
    outputs: tuple[TensorMap, ...] = slot(1, Vector(TensorMap))
    signature_key: str = slot(2, "string")
    subgraph_index: int = slot(4, "uint32")


@dataclass(frozen=True)
class Model:
    version: int = slot(0, "uint32")
    operator_codes: tuple[OperatorCode, ...] = slot(1, Vector(OperatorCode))
    subgraphs: tuple[SubGraph, ...] = slot(2, Vector(SubGraph))
    description: str = slot(3, "string")
    buffers: tuple[Buffer, ...] = slot(4, Vector(Buffer))
    signature_defs: tuple[SignatureDef, ...] = slot(7, Vector(SignatureDef))


@cache
def options_table(options: Options) -> Table[Mapping[str, Any]]:
    """The table of an operator's options; absent fields have their defaults."""
    defaults = {field.name: field.default for field in options.fields}
    fields = tuple(Field(field.slot, field.name, field.type) for field in options.fields)
    return Table(options.table, fields, lambda **present: defaults | present)


@cache
def _names(enum: str) -> dict[int, str]:
    members = vars(getattr(generated, enum))
    return {value: name for name, value in members.items() if not name.startswith("_")}


def operator_name(code: int) -> str:
    """Name of a builtin operator, or `BUILTIN_<code>` where the schema has none."""
    return _names("BuiltinOperator").get(code, f"BUILTIN_{code}")


def options_name(number: int) -> str:
    """Name of the options table with this union type."""
    return _names("BuiltinOptions").get(number, f"options of type {number}")


def element_type(number: int) -> DType | None:
    """Element type with this number in the schema, or None for an unknown one."""
    name = _names("TensorType").get(number, "")
    if name.startswith("FLOAT8"):
        return DType.FLOAT8
    return DType.__members__.get(name)
