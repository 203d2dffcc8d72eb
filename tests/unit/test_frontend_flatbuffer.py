# SPDX-License-Identifier: Apache-2.0
"""The flatbuffer reader: what it returns, and that it refuses what lies outside the file."""

# ruff: noqa: RUF009 (slot() makes a field of a dataclass)
from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microlith.errors import ModelError
from microlith.frontend import flatbuffer
from microlith.frontend.flatbuffer import Reader, Vector, slot, table_of


@dataclass(frozen=True)
class Leaf:
    number: int = slot(0, "int32", 7)
    name: str = slot(1, "string")
    values: tuple[float, ...] = slot(2, "[float]")
    data: memoryview | None = slot(3, "bytes")


@dataclass(frozen=True)
class Tree:
    leaf: Leaf | None = slot(0, Leaf)
    leaves: tuple[Leaf, ...] = slot(1, Vector(Leaf))
    choice: int | None = slot(2, "table")


def table(*fields: bytes | None) -> bytes:
    """A table with its vtable before it, so that it stands alone; fields have 4 bytes each."""
    places, body = [], b""
    for field in fields:
        places.append(0 if field is None else 4 + len(body))
        body += field or b""
    vtable = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), 4 + len(body), *places)
    vtable += bytes(-len(vtable) % 4)
    return vtable + struct.pack("<i", len(vtable)) + body


def file(vtable_and_table: bytes, fields: int, tail: bytes = b"") -> bytes:
    """A file whose root is a table of so many slots."""
    vtable_size = 4 + 2 * fields
    root = 8 + vtable_size + -vtable_size % 4
    return struct.pack("<I", root) + b"TFL3" + vtable_and_table + tail


def read(record: type, data: bytes) -> Any:
    return Reader(data).root(table_of(record))


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def test_absent_fields_have_their_defaults() -> None:
    assert read(Leaf, file(table(), 0)) == Leaf(7, "", (), None)
    assert read(Tree, file(table(None, None), 2)) == Tree(None, (), None)


def test_scalars_strings_and_vectors() -> None:
    # The table's four fields end the table; what they refer to follows, at known distances.
    tail = u32(2) + b"ok\0\0" + u32(2) + struct.pack("<ff", 0.5, -2.0) + u32(3) + b"\1\2\3"
    data = file(table(struct.pack("<i", -5), u32(12), u32(16), u32(24)), 4, tail)
    leaf = read(Leaf, data)
    assert (leaf.number, leaf.name, leaf.values) == (-5, "ok", (0.5, -2.0))
    assert bytes(leaf.data) == b"\1\2\3"


def test_a_name_of_arbitrary_bytes_stays_printable() -> None:
    data = file(table(None, u32(4)), 2, u32(3) + b"a\xff\xc3")
    assert read(Leaf, data).name == "a\\xff\\xc3"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "offset 0x0 of root offset points outside the file"),
        (u32(4000) + b"TFL3", "offset 0xfa0 of table Leaf points outside the file"),
        (u32(8) + b"TFL3" + struct.pack("<i", 100), "offset -0x5c of vtable of table Leaf"),
        (u32(8) + b"TFL3" + struct.pack("<iHH", -4, 3, 4), "impossible sizes"),
        (u32(8) + b"TFL3" + struct.pack("<iHH", -4, 400, 4), "with 400 bytes"),
        (u32(8) + b"TFL3" + struct.pack("<iHH", -4, 4, 400), "table Leaf points outside"),
        (
            u32(8) + b"TFL3" + struct.pack("<iHHH", -4, 6, 4, 4),
            "table Leaf field number lies at byte 4 of the table, which has 4 bytes",
        ),
        (
            file(table(None, u32(0x1000)), 2),
            "offset 0x1014 of table Leaf field name points outside the file",
        ),
        (file(table(None, u32(4)), 2, u32(99)), r"field name \(99 elements\) points outside"),
        (
            file(table(None, None, u32(4)), 3, u32(0x40000000)),
            r"field values \(1073741824 elements\) points outside the file with 4294967296 bytes",
        ),
    ],
)
def test_what_lies_outside_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read(Leaf, data)


def test_a_union_member_is_checked_without_its_declaration() -> None:
    assert read(Tree, file(table(None, None, u32(8)), 3, table())).choice is not None
    with pytest.raises(ModelError, match="table Tree field choice"):
        read(Tree, file(table(None, None, u32(4)), 3, struct.pack("<i", 9999)))


def shared_leaves(count: int, size: int) -> bytes:
    """A vector of `count` offsets that all point to one leaf with `size` bytes of data."""
    offsets = b"".join(u32(4 * (count - i) + 12) for i in range(count))
    leaf = table(None, None, None, u32(4)) + u32(size) + bytes(size)
    return file(table(None, u32(4)), 2, u32(count) + offsets + leaf)


def test_offsets_to_the_same_bytes_are_bounded() -> None:
    assert len(read(Tree, shared_leaves(10, 1000)).leaves) == 10
    with pytest.raises(ModelError, match="point to the same bytes"):
        read(Tree, shared_leaves(1000, 100_000))


def test_the_number_of_tables_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flatbuffer, "MAX_TABLES", 5)
    with pytest.raises(ModelError, match="more than 5 tables"):
        read(Tree, shared_leaves(10, 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    for record in (Leaf, Tree):
        for start in (b"", u32(8) + b"TFL3", u32(12)):
            try:
                read(record, start + tail)
            except ModelError as error:
                assert "damaged" in str(error)


@given(
    number=st.integers(-(2**31), 2**31 - 1),
    name=st.text(),
    values=st.lists(st.floats(width=32, allow_nan=False)),
    data=st.binary(),
)
def test_what_was_written_is_read(number: int, name: str, values: list[float], data: bytes) -> None:
    import flatbuffers

    builder = flatbuffers.Builder()
    name_at = builder.CreateString(name)
    data_at = builder.CreateByteVector(data)
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    values_at = builder.EndVector()
    builder.StartObject(4)
    builder.PrependInt32Slot(0, number, 7)
    builder.PrependUOffsetTRelativeSlot(1, name_at, 0)
    builder.PrependUOffsetTRelativeSlot(2, values_at, 0)
    builder.PrependUOffsetTRelativeSlot(3, data_at, 0)
    builder.Finish(builder.EndObject())
    leaf = read(Leaf, bytes(builder.Output()))
    assert (leaf.number, leaf.name, leaf.values) == (number, name, tuple(values))
    assert bytes(leaf.data) == data
