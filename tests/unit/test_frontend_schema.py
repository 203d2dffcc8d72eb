# SPDX-License-Identifier: Apache-2.0
"""Slots, kinds and defaults that we declare, against the official generated accessors."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as generated

from microlith import ops
from microlith.frontend import schema
from microlith.frontend.flatbuffer import Table, Vector, table_of

RECORDS = [
    record
    for record in vars(schema).values()
    if inspect.isclass(record)
    and dataclasses.is_dataclass(record)
    and record.__module__ == schema.__name__
]

OPTION_TABLES = sorted(
    {operator.options for operator in ops.OPERATORS if operator.options is not None},
    key=lambda options: options.table,
)

FLAGS = {
    "bool": "Bool", "int8": "Int8", "uint8": "Uint8", "int16": "Int16", "uint16": "Uint16",
    "int32": "Int32", "uint32": "Uint32", "int64": "Int64", "uint64": "Uint64",
    "float": "Float32", "double": "Float64",
}  # fmt: skip


def accessor(table: str, field: str) -> str:
    """Source of the generated accessor of a field: `quantized_dimension` -> QuantizedDimension."""
    wanted = field.replace("_", "").lower()
    accessors = vars(getattr(generated, table))
    (found,) = (value for name, value in accessors.items() if name.lower() == wanted)
    return inspect.getsource(found)


def generated_kind(source: str) -> str:
    """What an accessor reads: a scalar, string, bytes, table, or a vector of these."""
    is_vector = re.search(r"def \w+\(self, j\)", source) is not None
    scalar = re.search(r"number_types\.(\w+)Flags, ", source)
    if scalar is not None:
        name = next(kind for kind, flag in FLAGS.items() if flag == scalar[1])
        return f"[{name}]" if is_vector else name
    if ".String(" in source:
        return "string"
    element = re.search(r"obj = (\w+)\(", source)
    if element is not None:
        return f"[{element[1]}]" if is_vector else element[1]
    return "table"


def declared_kind(kind: Any) -> str:
    if isinstance(kind, Vector):
        return f"[{kind.element.__name__}]"
    if isinstance(kind, str):
        return "[uint8]" if kind == "bytes" else kind
    return str(kind.__name__)


def check_fields(table: Table[Any], defaults: dict[str, Any]) -> None:
    for field in table.fields:
        source = accessor(table.name, field.name)
        offset = re.search(r"_tab\.Offset\((\d+)\)", source)
        assert offset is not None
        assert (int(offset[1]) - 4) // 2 == field.slot, f"slot of {table.name}.{field.name}"
        # The generated code calls a union's member "Table".
        found = generated_kind(source).replace("Table", "table")
        assert found == declared_kind(field.kind), f"kind of {table.name}.{field.name}"
        if found in FLAGS:
            default = re.findall(r"return (\S+)", source)[-1]
            assert float(defaults[field.name]) == float(
                {"True": 1, "False": 0}.get(default, default)
            )


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_record_matches_the_official_schema(record: type) -> None:
    defaults = {field.name: field.default for field in dataclasses.fields(record)}
    check_fields(table_of(record), defaults)


def test_records_were_found() -> None:
    assert {schema.Model, schema.Tensor, schema.Operator} <= set(RECORDS)


@pytest.mark.parametrize("options", OPTION_TABLES, ids=lambda options: options.table)
def test_options_match_the_official_schema(options: Any) -> None:
    table = schema.options_table(options)
    assert hasattr(generated.BuiltinOptions, options.table)
    check_fields(table, dict(table.build()))


@pytest.mark.parametrize("operator", ops.OPERATORS, ids=lambda operator: operator.name)
def test_operator_is_in_the_official_schema(operator: Any) -> None:
    number = getattr(generated.BuiltinOperator, operator.name)
    assert schema.operator_name(number) == operator.name


def test_every_element_type_has_a_dtype() -> None:
    types = [n for name, n in vars(generated.TensorType).items() if not name.startswith("_")]
    assert all(schema.element_type(number) is not None for number in types)
    assert schema.element_type(99) is None
    assert schema.element_type(-1) is None
