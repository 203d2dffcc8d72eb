# SPDX-License-Identifier: Apache-2.0
"""The model's constants: named members of one struct, equal ones stored once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microlith.ir.graph import Array
from microlith.ir.program import Constant, ConstantRef

ROW_UNIT = 4
"""MR_ROW_UNIT of micro_runtime/include/params.h: what offsets of rows are multiples of."""


ROW_TABLE_ENTRY = 2
"""Bytes of such an offset in a table of them."""


class ConstantPool:
    """Collects constants in order of first use.

    Equal constants are stored once. Constants that repeat a single value (rows of padding) share
    the longest of their kind, whatever their lengths.
    """

    def __init__(self) -> None:
        self._constants: list[Constant] = []
        self._by_content: dict[tuple[str, bytes], int] = {}
        self._names: set[str] = set()

    def add(self, name: str, values: Array, comment: str, alignment: int = 1) -> ConstantRef:
        """Stores a copy of `values`, flattened, or finds an equal constant."""
        flat = np.ascontiguousarray(values).reshape(-1)
        key = (flat.dtype.str, _content(flat))
        found = self._by_content.get(key)
        if found is None:
            found = self._by_content[key] = len(self._constants)
            self._constants.append(Constant(self._unique(name), flat.copy(), comment))
        elif len(flat) > len(self._constants[found].values):
            self._constants[found] = replace(self._constants[found], values=flat.copy())
        alignment = max(alignment, self._constants[found].alignment)
        self._constants[found] = replace(self._constants[found], alignment=alignment)
        return ConstantRef(self._constants[found].name)

    def _unique(self, name: str) -> str:
        candidate, number = name, 1
        while candidate in self._names:
            number += 1
            candidate = f"{name}_{number}"
        self._names.add(candidate)
        return candidate

    @property
    def constants(self) -> tuple[Constant, ...]:
        return tuple(self._constants)


def _content(flat: Array) -> bytes:
    """What makes two constants interchangeable: their bytes, or their one repeated value."""
    raw = flat.tobytes()
    element = raw[: flat.itemsize]
    return element if raw == element * len(flat) else raw
