# SPDX-License-Identifier: Apache-2.0
"""Board: memories of a microcontroller board and how an emulator is started for it.

Each board is a TOML file in `boards/`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith import resources
from microlith.errors import OptionError

PLACES = ("code", "weights", "arena", "data", "stack")
"""What a firmware consists of; `code` holds the vector table and the image of `data` too."""


@dataclass(frozen=True)
class Memory:
    """A range of addresses. `origin` and `size` are in bytes; `speed` is the number of cycles of
    a word access, 1 being the core's own pace."""

    name: str
    origin: int
    size: int
    speed: int


@dataclass(frozen=True)
class Board:
    """`placement` maps each of PLACES to the name of a memory; `stack_size` is in bytes;
    `emulator` is the emulator's command with the options that select the machine."""

    name: str
    summary: str
    cpu: str
    memories: tuple[Memory, ...]
    placement: Mapping[str, str]
    stack_size: int
    emulator: tuple[str, ...]


def names() -> tuple[str, ...]:
    """All boards, sorted."""
    return tuple(sorted(path.stem for path in resources.path("boards").glob("*.toml")))


def get(name: str) -> Board:
    """The board called `name`; OptionError, with the names that exist, when there is none."""
    if name not in names():
        raise OptionError(f"there is no board {name!r}", fix=f"choose from {', '.join(names())}")
    return load(resources.path("boards", f"{name}.toml"))


def load(path: Path) -> Board:
    """Reads a board file; OptionError says which entry is missing or wrong."""
    try:
        board = _board(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"bad or missing entry: {error}", where=str(path)) from error
    known = {memory.name for memory in board.memories}
    for place in PLACES:
        if board.placement.get(place) not in known:
            raise OptionError(
                f"placement.{place} names no memory of the board",
                where=str(path),
                fix=f"choose from {', '.join(sorted(known))}",
            )
    return board


def _board(name: str, table: Mapping[str, Any]) -> Board:
    return Board(
        name=name,
        summary=table["summary"],
        cpu=table["cpu"],
        memories=tuple(Memory(**memory) for memory in table["memory"]),
        placement=dict(table["placement"]),
        stack_size=table["stack_size"],
        emulator=tuple(table["emulator"]),
    )
