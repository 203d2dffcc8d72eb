# SPDX-License-Identifier: Apache-2.0
"""A checked flatbuffer reader, driven by declared tables.

Python's flatbuffers package has no verifier: a damaged file makes it fail anywhere. Here every
table, vector and offset passes through `Reader`, which refuses what lies outside the file. The
format: https://flatbuffers.dev/internals (little endian; a table starts with the distance back to
its vtable, which holds its own size, the table's size, and the place of each field or 0).
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Generic, NoReturn, TypeVar

from microlith.errors import ModelError

T = TypeVar("T")

DAMAGED = "the file is truncated or damaged: download, copy or convert it again"

_CODES = {
    "bool": "?", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i",
    "uint32": "I", "int64": "q", "uint64": "Q", "float": "f", "double": "d",
}  # fmt: skip
SCALARS = {name: struct.Struct(f"<{code}") for name, code in _CODES.items()}

_UINT16_PAIR = struct.Struct("<HH")
_OFFSET = SCALARS["uint32"]
_SIGNED_OFFSET = SCALARS["int32"]

MAX_TABLES = 1 << 19
"""Tables in one file. The largest graphs in use have a tenth of it."""

SHARING = 2
"""How often the bytes of a file may be read, on average. Writers share strings and little else;
offsets that all point to one large vector would otherwise take time and memory without bound."""

SLACK = 1 << 16
"""Bytes that may be read beyond `SHARING`, for small files that share much."""


@dataclass(frozen=True)
class Vector:
    """Kind of a field: a vector of tables, each read as the record class `element`."""

    element: type


Kind = str | type | Vector
"""What a field holds: the name of a scalar (`SCALARS`), `[scalar]` for a vector of them, "bytes"
for a vector of uint8 that is not copied, "string", "table" for the checked position of a table
that is read later (a union), a record class for a table, or a `Vector`."""


@dataclass(frozen=True)
class Field:
    """A field of a table: its slot is its place in the vtable, counted from 0."""

    slot: int
    name: str
    kind: Kind


@dataclass(frozen=True)
class Table(Generic[T]):
    """A table of a schema. `build` takes the fields that are present as keyword arguments."""

    name: str
    fields: tuple[Field, ...]
    build: Callable[..., T]

    @cached_property
    def slots(self) -> int:
        """Number of vtable entries that matter."""
        return 1 + max((field.slot for field in self.fields), default=-1)


def slot(number: int, kind: Kind, default: Any = None) -> Any:
    """A field of a record class (a dataclass that declares a table), with its default."""
    if default is None:
        default = _natural_default(kind)
    return dataclasses.field(default=default, metadata={"slot": number, "kind": kind})


def _natural_default(kind: Kind) -> Any:
    if isinstance(kind, Vector):
        return ()
    if isinstance(kind, str):
        natural: dict[str, Any] = {"string": "", "bytes": None, "table": None, "bool": False}
        natural |= {"float": 0.0, "double": 0.0}
        return () if kind.startswith("[") else natural.get(kind, 0)
    return None


@cache
def table_of(record: type) -> Table[Any]:
    """The table that a record class declares with `slot`."""
    fields = tuple(
        Field(field.metadata["slot"], field.name, field.metadata["kind"])
        for field in dataclasses.fields(record)
    )
    return Table(record.__name__, fields, record)


class Reader:
    """Reads tables of one file. Every method raises ModelError for what is not in the file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bytes_left = SHARING * len(data) + SLACK
        self._tables_left = MAX_TABLES

    @property
    def size(self) -> int:
        return len(self._data)

    def root(self, table: Table[T]) -> T:
        """The file's root table."""
        self._inside(0, _OFFSET.size, "root offset")
        (position,) = _OFFSET.unpack_from(self._data, 0)
        return self.read(table, position)

    def read(self, table: Table[T], position: int) -> T:
        """The table at `position`."""
        places, size = self._vtable(table.name, table.slots, position)
        values = {}
        for field in table.fields:
            place = places[field.slot] if field.slot < len(places) else 0
            if place == 0:
                continue
            width = _width(field.kind)
            if place < _SIGNED_OFFSET.size or place + width > size:
                self._fail(
                    f"{_label(table, field)} lies at byte {place} of the table, which has "
                    f"{size} bytes"
                )
            values[field.name] = self._value(table, field, position + place)
        return table.build(**values)

    def window(self, offset: int, size: int, label: str) -> memoryview:
        """`size` bytes at `offset` of the file, not copied."""
        self._inside(offset, size, label)
        self._charge(size)
        return memoryview(self._data)[offset : offset + size]

    def _vtable(self, name: str, slots: int, position: int) -> tuple[tuple[int, ...], int]:
        """Places of the first `slots` fields within the table, and the table's size."""
        self._inside(position, _SIGNED_OFFSET.size, f"table {name}")
        vtable = position - _SIGNED_OFFSET.unpack_from(self._data, position)[0]
        self._inside(vtable, _UINT16_PAIR.size, f"vtable of table {name}")
        vtable_size, size = _UINT16_PAIR.unpack_from(self._data, vtable)
        if vtable_size < _UINT16_PAIR.size or vtable_size % 2 or size < _SIGNED_OFFSET.size:
            self._fail(
                f"vtable of table {name} at 0x{vtable:x} has impossible sizes "
                f"({vtable_size} and {size})"
            )
        self._inside(vtable, vtable_size, f"vtable of table {name}")
        self._inside(position, size, f"table {name}")
        self._charge(size)
        self._tables_left -= 1
        if self._tables_left < 0:
            self._fail(f"the file has more than {MAX_TABLES} tables")
        count = min(slots, (vtable_size - _UINT16_PAIR.size) // 2)
        return struct.unpack_from(f"<{count}H", self._data, vtable + _UINT16_PAIR.size), size

    def _value(self, table: Table[Any], field: Field, position: int) -> Any:
        kind = field.kind
        if isinstance(kind, str) and kind in SCALARS:
            return SCALARS[kind].unpack_from(self._data, position)[0]
        label = _label(table, field)
        target = position + _OFFSET.unpack_from(self._data, position)[0]
        self._inside(target, _OFFSET.size, label)
        return self._referenced(kind, target, label)

    def _referenced(self, kind: Kind, target: int, label: str) -> Any:
        """What lies at the end of an offset."""
        match kind:
            case Vector():
                return self._tables(kind, target, label)
            case type():
                return self.read(table_of(kind), target)
            case "table":
                self._vtable(label, 0, target)
                return target
            case "bytes":
                return self._vector(target, 1, label)
            case "string":
                # Names may hold any bytes; they must still be printable.
                return str(self._vector(target, 1, label), "utf-8", "backslashreplace")
        element = SCALARS[kind[1:-1]]
        data = self._vector(target, element.size, label)
        return tuple(value for (value,) in element.iter_unpack(data))

    def _vector(self, position: int, width: int, label: str) -> memoryview:
        """The bytes of the vector at `position`, whose elements have `width` bytes."""
        (count,) = _OFFSET.unpack_from(self._data, position)
        return self.window(position + _OFFSET.size, count * width, f"{label} ({count} elements)")

    def _tables(self, kind: Vector, position: int, label: str) -> tuple[Any, ...]:
        table: Table[Any] = table_of(kind.element)
        offsets = self._vector(position, _OFFSET.size, label)
        first = position + _OFFSET.size
        return tuple(
            self.read(table, first + _OFFSET.size * i + offset)
            for i, (offset,) in enumerate(_OFFSET.iter_unpack(offsets))
        )

    def _inside(self, offset: int, size: int, label: str) -> None:
        if not 0 <= offset <= self.size - size:
            place = f"0x{offset:x}" if offset >= 0 else f"-0x{-offset:x}"
            length = f" with {size} bytes" if size > _OFFSET.size else ""
            self._fail(
                f"offset {place} of {label} points outside the file{length} "
                f"(file has {self.size} bytes)"
            )

    def _charge(self, count: int) -> None:
        self._bytes_left -= count
        if self._bytes_left < 0:
            self._fail("many offsets point to the same bytes, so that the contents have no end")

    def _fail(self, what: str) -> NoReturn:
        raise ModelError(what, fix=DAMAGED)


def _width(kind: Kind) -> int:
    """Bytes of a field within its table."""
    return SCALARS[kind].size if isinstance(kind, str) and kind in SCALARS else _OFFSET.size


def _label(table: Table[Any], field: Field) -> str:
    return f"table {table.name} field {field.name}"
