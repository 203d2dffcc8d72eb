# SPDX-License-Identifier: Apache-2.0
"""Documents that guide through the code name what is there."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.paths import ROOT

GUIDES = ("docs/ARCHITECTURE.md", "docs/bench.md")
ROOTS = (ROOT, ROOT / "codegen" / "microlith")
FOLDERS = frozenset(p.name for root in ROOTS for p in root.iterdir() if p.is_dir())


def quoted(guide: str) -> list[str]:
    return re.findall(r"`([^`\s]+)`", (ROOT / guide).read_text(encoding="utf-8"))


def paths(guide: str) -> list[str]:
    """What looks like a path of the project: it starts in one of its folders or is a module."""
    return [
        word
        for word in quoted(guide)
        if re.fullmatch(r"[\w./*-]+", word)
        and (word.split("/")[0] in FOLDERS if "/" in word else word.endswith(".py"))
    ]


def names(guide: str) -> list[str]:
    """Functions with their brackets, constants, classes."""
    found = (re.fullmatch(r"([A-Za-z_]\w*)(?:\(\))?", word) for word in quoted(guide))
    return [
        match[1]
        for match in found
        if match and (match[0].endswith("()") or re.search("[A-Z]", match[1]))
    ]


@cache
def sources() -> str:
    folders = ("codegen", "micro_runtime", "tests")
    files = (p for f in folders for p in (ROOT / f).rglob("*") if p.suffix in {".py", ".c", ".h"})
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


@pytest.mark.parametrize("guide", GUIDES)
def test_paths_in_guides_exist(guide: str) -> None:
    missing = [p for p in paths(guide) if not any(any(root.glob(p)) for root in ROOTS)]
    assert not missing


def test_names_in_the_architecture_exist() -> None:
    found = names("docs/ARCHITECTURE.md")
    assert len(found) > 10
    missing = [name for name in found if not re.search(rf"\b{name}\b", sources())]
    assert not missing
