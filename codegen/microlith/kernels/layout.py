# SPDX-License-Identifier: Apache-2.0
"""Memory layout of kernel parameters, read from the C headers that declare them.

A parameter struct is declared once, in C. Its headers hold only structs of fixed-width integers,
floats, arrays of these and structs of include/params.h, so that the layout is the same on every
target: each member at the next multiple of its own alignment. Generated code asserts the offsets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from microlith import resources

_SCALARS = {f"{sign}int{bits}_t": bits // 8 for sign in ("", "u") for bits in (8, 16, 32, 64)} | {
    "float": 4
}

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

_OPAQUE = ("mr_status", "mr_context", "mr_band", "mr_kernel")
"""Types that prototypes of kernels name, but no parameter struct contains."""


@dataclass(frozen=True)
class StructField:
    """A member: C type name, array length (None: not an array), offset and size in bytes."""

    name: str
    type: str
    length: int | None
    offset: int
    size: int


@dataclass(frozen=True)
class Struct:
    """A parameter struct; size and alignment in bytes."""

    name: str
    fields: tuple[StructField, ...]
    size: int
    alignment: int


def struct_fields(header: Path, struct: str) -> tuple[StructField, ...]:
    """Members of `struct` in order. Raises KeyError when `header` does not declare it."""
    return structs(header)[struct].fields


@cache
def structs(header: Path) -> Mapping[str, Struct]:
    """All parameter structs that `header`, other headers of kernels that it includes, and
    include/params.h declare, by name.

    Raises ValueError for a member whose layout is not fixed.
    """
    from pycparser import c_ast, c_parser

    params = resources.path("micro_runtime", "include", "params.h")
    source = "".join(f"typedef int {name};\n" for name in (*_SCALARS, *_OPAQUE) if name != "float")
    source += "".join(_bare(file.read_text("utf-8")) for file in (params, *_with_included(header)))
    tree = c_parser.CParser().parse(source, str(header))
    found: dict[str, Struct] = {}
    aliases: dict[str, str] = {name: name for name in _SCALARS}
    for node in tree.ext:
        if not isinstance(node, c_ast.Typedef) or not isinstance(node.type, c_ast.TypeDecl):
            continue
        if isinstance(node.type.type, c_ast.Struct):
            found[node.name] = _lay_out(node.name, node.type.type, found, aliases)
        elif node.name not in _SCALARS:
            named = node.type.type.names[0]
            aliases[node.name] = aliases.get(named, named)
    return found


def _with_included(header: Path) -> list[Path]:
    """`header` after the headers that it includes from beside it or, by kernels/…, from another
    backend."""
    root = resources.path("micro_runtime")
    names = _INCLUDE.findall(header.read_text("utf-8"))
    places = [(root if name.startswith("kernels/") else header.parent) / name for name in names]
    included = [place for place in places if place.is_file()]
    return [*(file for place in included for file in _with_included(place)), header]


def _bare(text: str) -> str:
    """C without comments and preprocessor lines, which the parser does not read."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    return re.sub(r"^[ \t]*#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE) + "\n"


def _lay_out(
    name: str, struct: Any, known: Mapping[str, Struct], aliases: Mapping[str, str]
) -> Struct:
    fields = []
    offset, widest = 0, 1
    for member in struct.decls:
        type_name, length = _declared(member)
        size, alignment = _extent(f"{name}.{member.name}", type_name, known, aliases)
        offset = _aligned(offset, alignment)
        size *= 1 if length is None else length
        fields.append(StructField(member.name, type_name, length, offset, size))
        offset += size
        widest = max(widest, alignment)
    return Struct(name, tuple(fields), _aligned(offset, widest), widest)


def _declared(member: Any) -> tuple[str, int | None]:
    """Type name and array length of a struct's member."""
    from pycparser import c_ast

    declared, length = member.type, None
    if isinstance(declared, c_ast.ArrayDecl) and isinstance(declared.dim, c_ast.Constant):
        declared, length = declared.type, int(declared.dim.value.rstrip("uUlL"), 0)
    if isinstance(declared, c_ast.TypeDecl) and isinstance(declared.type, c_ast.IdentifierType):
        return " ".join(declared.type.names), length
    raise ValueError(f"{member.name}: only scalars, params.h structs and arrays of them are legal")


def _extent(
    place: str, type_name: str, known: Mapping[str, Struct], aliases: Mapping[str, str]
) -> tuple[int, int]:
    """Size and alignment of a type in bytes."""
    if type_name in known:
        return known[type_name].size, known[type_name].alignment
    size = _SCALARS.get(aliases.get(type_name, type_name))
    if size is None:
        raise ValueError(f"{place}: type {type_name} has no fixed layout")
    return size, size


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment
