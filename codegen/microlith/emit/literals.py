# SPDX-License-Identifier: Apache-2.0
"""Numbers as C literals, and arrays of them as text that a person can read."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from microlith.ir.graph import Array

LINE = 96
"""Longest line of generated initialisers, in characters."""

_EXTREMES = {
    -(2**31): "INT32_MIN",
    -(2**63): "INT64_MIN",
}


def integer(value: int) -> str:
    """`value` as a C constant: INT32_MIN has no literal of its own type."""
    return _EXTREMES.get(value, str(value))


def float32(value: float) -> str:
    """The shortest decimal that reads back as the same float32, e.g. `0.1f`."""
    single = np.float32(value)
    if np.isnan(single):
        return "NAN"
    if np.isinf(single):
        return "INFINITY" if single > 0 else "-INFINITY"
    text = np.format_float_scientific(single, unique=True, trim="0")
    plain = np.format_float_positional(single, unique=True, trim="0")
    return f"{plain if len(plain) <= len(text) else text}f"


def number(value: int | float) -> str:
    """`value` as a literal of its own kind."""
    return float32(value) if isinstance(value, float) else integer(int(value))


def rows(values: Array, indent: str) -> str:
    """A one-dimensional array as comma-separated literals, in lines of at most LINE characters."""
    literal = _fast_float32 if values.dtype.kind == "f" else number
    return wrapped([literal(value) for value in values.tolist()], indent)


def _fast_float32(value: float) -> str:
    """Nine digits read back as the same float32; the shortest would take 30 times as long, and
    models have many."""
    if not math.isfinite(value):
        return float32(value)
    text = f"{value:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def wrapped(words: Sequence[str], indent: str) -> str:
    """Words, a comma after each, in lines of at most LINE characters."""
    lines: list[str] = []
    current = indent
    for word in words:
        if len(current) + len(word) + 2 > LINE and current != indent:
            lines.append(current.rstrip())
            current = indent
        current += f"{word}, "
    lines.append(current.rstrip())
    return "\n".join(lines)
