# SPDX-License-Identifier: Apache-2.0
"""C identifiers from the names in a model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from microlith import resources

LONGEST = 48
"""Characters of a tensor's label."""

C_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        "auto break case char const continue default do double else enum extern float for goto if "
        "inline int long register restrict return short signed sizeof static struct switch typedef "
        "union unsigned void volatile while bool true false alignas alignof asm class new delete "
        "this template namespace private public protected operator try catch throw using virtual",
    )
)


_C_HEADERS = frozenset(
    re.findall(
        r"\w+",
        "assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal "
        "stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath "
        "threads time uchar wchar wctype",
    )
)


def identifier(text: str, fallback: str) -> str:
    """`text` as a C identifier: other characters become underscores, a leading digit or a keyword
    gets a prefix, and nothing at all becomes `fallback`."""
    name = re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_")
    if not name:
        return fallback
    if name[0].isdigit() or name.lower() in C_KEYWORDS:
        name = f"m_{name}"
    return name


def tensor_label(name: str, index: int) -> str:
    """Short identifier of a tensor: the last two parts of the first of its (often fused) names."""
    parts = name.split(";", 1)[0].split("/")
    label = identifier("_".join(parts[-2:]), f"tensor_{index}").lower()
    return label[:LONGEST].rstrip("_")


@cache
def reserved_names() -> frozenset[str]:
    """Model names that would clash: with the runtime's symbols, or, as NAME.h, with its headers
    and those of the C library."""
    headers = resources.path("micro_runtime").rglob("*.h")
    return _C_HEADERS | {"mr", "main", "test_vectors"} | {header.stem for header in headers}


def unique(labels: Iterable[str]) -> list[str]:
    """The labels, each made different from those before it by a number."""
    taken: set[str] = set()
    result = []
    for label in labels:
        candidate, number = label, 1
        while candidate in taken:
            number += 1
            candidate = f"{label}_{number}"
        taken.add(candidate)
        result.append(candidate)
    return result
