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


def accessor(table: str, slot: int) -> tuple[str, str]:
    """Name and source of the generated accessor that reads a slot: (`StrideW`, source)."""
    for name, member in vars(getattr(generated, table)).items():
        is_helper = name.endswith(("Length", "IsNone", "AsNumpy"))
        if inspect.isfunction(member) and not is_helper:
            source = inspect.getsource(member)
            if f"_tab.Offset({4 + 2 * slot})" in source:
                return name, source
    raise AssertionError(f"{table} has no slot {slot}")


def same_words(ours: str, theirs: str) -> bool:
    """Whether our name is the schema's with words shortened, spelled out or left out: `filter_w`
    and `activation` stand for FilterWidth and FusedActivationFunction, `stride_w` not for StrideH.
    """
    words = iter(word.lower() for word in re.findall("[A-Z][a-z0-9]*", theirs))

    def found(part: str) -> bool:
        return any(word.startswith(part) or part.startswith(word) for word in words)

    return all(found(part) for part in ours.split("_"))


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
        where = f"{table.name}.{field.name}"
        name, source = accessor(table.name, field.slot)
        assert same_words(field.name, name), f"{where} has the slot of {name}"
        # The generated code calls a union's member "Table".
        found = generated_kind(source).replace("Table", "table")
        assert found == declared_kind(field.kind), f"kind of {where}"
        if found in FLAGS:
            default = re.findall(r"return (\S+)", source)[-1]
            number = float({"True": 1, "False": 0}.get(default, default))
            assert float(defaults[field.name]) == number, f"default of {where}"


def test_names_are_compared_by_words() -> None:
    assert same_words("filter_w", "FilterWidth")
    assert same_words("dilation_h", "DilationHFactor")
    assert same_words("stride_width", "StrideW")
    assert not same_words("stride_w", "StrideH")
    assert not same_words("padding", "StrideW")


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_record_matches_the_official_schema(record: type) -> None:
    defaults = {field.name: field.default for field in dataclasses.fields(record)}
    check_fields(table_of(record), defaults)
    for field in table_of(record).fields:
        name, _ = accessor(record.__name__, field.slot)
        assert name.lower() == field.name.replace("_", ""), "records use the schema's own names"


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
