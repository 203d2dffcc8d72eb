# SPDX-License-Identifier: Apache-2.0
"""Kernel parameters as designated initialisers, checked against the C struct they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from microlith.emit.literals import LINE, number, wrapped
from microlith.ir.program import BufferRef, ConstantRef, Params, Value
from microlith.kernels.layout import struct_fields

INDENT = "    "


def parameters(
    params: Params, struct: str, header: Path, buffer_label: Callable[[int], str]
) -> str:
    """One `.field = value,` line a field, in the order of the struct.

    Raises AssertionError when `params` misses a field of the struct or has another one: that is a
    fault of the kernel's declaration.
    """
    fields = [field.name for field in struct_fields(header, struct)]
    missing = [name for name in fields if name not in params]
    unknown = [name for name in params if name not in fields]
    assert not missing and not unknown, f"{struct}: missing {missing}, unknown {unknown}"
    ordered = {name: params[name] for name in fields}
    return "\n".join(_members(ordered, INDENT, buffer_label))


def _members(value: Params, indent: str, buffer_label: Callable[[int], str]) -> list[str]:
    """The members of a struct, a line each; what does not fit on a line is broken in turn."""
    lines = []
    for name, item in value.items():
        line = f"{indent}.{name} = {_inline(item, buffer_label)},"
        if len(line) > LINE and isinstance(item, Mapping):
            inner = _members(item, indent + INDENT, buffer_label)
            lines += [f"{indent}.{name} = {{", *inner, f"{indent}}},"]
        elif len(line) > LINE and isinstance(item, Sequence):
            words = [_inline(element, buffer_label) for element in item]
            body = wrapped(words, indent + INDENT)
            lines += [f"{indent}.{name} = {{", body, f"{indent}}},"]
        else:
            lines.append(line)
    return lines


def _inline(value: Value, buffer_label: Callable[[int], str]) -> str:
    match value:
        case BufferRef(buffer, offset):
            label = buffer_label(buffer)
            return f"{label} + {offset}" if offset else label
        case ConstantRef(name):
            return f"CONSTANT({name})"
        case Mapping():
            inner = [f".{name} = {_inline(item, buffer_label)}" for name, item in value.items()]
            return "{" + ", ".join(inner) + "}"
        case Sequence():
            return "{" + ", ".join(_inline(item, buffer_label) for item in value) + "}"
        case _:
            return number(value)
