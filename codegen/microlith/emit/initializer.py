# SPDX-License-Identifier: Apache-2.0
"""Kernel parameters as designated initialisers, checked against the C struct they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from microlith.emit.literals import LINE, number
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
    return "\n".join(
        f"{INDENT}.{name} = {_wrapped(_value(params[name], buffer_label))}," for name in fields
    )


def _value(value: Value, buffer_label: Callable[[int], str]) -> str:
    match value:
        case BufferRef(buffer, offset):
            label = buffer_label(buffer)
            return f"{label} + {offset}" if offset else label
        case ConstantRef(name):
            return f"CONSTANT({name})"
        case Mapping():
            inner = [f".{name} = {_value(item, buffer_label)}" for name, item in value.items()]
            return "{" + ", ".join(inner) + "}"
        case Sequence():
            return "{" + ", ".join(_value(item, buffer_label) for item in value) + "}"
        case _:
            return number(value)


def _wrapped(text: str) -> str:
    """Breaks a long brace list after commas."""
    if len(text) <= LINE - 24:
        return text
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) > LINE - 12:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return ("\n" + INDENT * 2).join(lines)
