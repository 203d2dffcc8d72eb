# SPDX-License-Identifier: Apache-2.0
"""Cost tables of cores, from targets/cycles/*.toml.

A table describes an in-order pipeline that issues one instruction a cycle, or two. `[cost.CLASS]`
gives for each class of instruction (see instruction.py)

- issue: cycles until the next instruction can issue,
- each: further cycles for every 32-bit word beyond the first that it moves,
- latency: cycles until its result can be used; by default `issue`,
- late: how many cycles later than its other operands an accumulator is needed,
- unit: what it occupies, and busy: for how many cycles; by default `issue`,
- jump: cycles that a jump out of it adds, when it is taken,
- ends: whether what follows it issues a cycle later at the earliest.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from microlith import targets
from microlith.targets.boards import Board

_DIRECTORY = Path(targets.__file__).parent / "cycles"

TOLERANCE = 0.25
"""Largest deviation from published figures with which an estimate is still given as one number."""


@dataclass(frozen=True)
class Cost:
    """See the module's text; all in cycles."""

    issue: float = 1
    each: float = 0
    latency: float | None = None
    late: float = 0
    unit: str | None = None
    busy: float | None = None
    jump: float | None = None
    ends: bool = False


@dataclass(frozen=True)
class Check:
    """A figure measured on silicon, and what the table says of the same work: both in cycles."""

    what: str
    source: str
    published: float
    estimated: float

    @property
    def error(self) -> float:
        """(estimated - published) / published."""
        return self.estimated / self.published - 1


@dataclass(frozen=True)
class CycleTable:
    """`pairs` tells which neighbours may issue together: none, those that are both 16 bits long
    and of which one is simple, or those whose units are free. `units` has the number of each."""

    core: str
    sources: Sequence[str]
    notes: str
    pairs: Literal["none", "short", "units"]
    jump: float
    following_access: float | None
    """Issue cycles of a load or store that follows another one; None where it makes no
    difference."""

    units: Mapping[str, int]
    costs: Mapping[str, Cost]
    checks: Sequence[Check]
    caches: bool = False
    """Whether the core has caches, or memory at its own pace, that hide wait states."""

    def cost(self, kind: str) -> Cost:
        """Of that class of instruction; one cycle where the table says nothing."""
        return self.costs.get(kind, _DEFAULT)

    @property
    def span(self) -> tuple[float, float] | None:
        """Published cycles, at least and at most, as a multiple of the estimate; None without a
        published figure."""
        ratios = [check.published / check.estimated for check in self.checks]
        return (min(ratios), max(ratios)) if ratios else None

    @property
    def deviation(self) -> float | None:
        """The largest error of the checks, as a part of the published figure."""
        return max((abs(check.error) for check in self.checks), default=None)


_DEFAULT = Cost()


@cache
def for_target(name: str) -> CycleTable | None:
    """The table of a target's core; None where there is none."""
    path = _DIRECTORY / f"{name}.toml"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return from_toml(tomllib.load(file))


def for_board(board: Board | None, target: str) -> CycleTable | None:
    """The table of a board's core, or of the target's core where there is none of its own."""
    own = for_target(board.cpu) if board is not None else None
    return own or for_target(target)


def from_toml(data: Mapping[str, Any]) -> CycleTable:
    """The table of a parsed file."""
    pipeline = data["pipeline"]
    return CycleTable(
        core=data["core"],
        sources=tuple(data["sources"]),
        notes=data.get("notes", ""),
        pairs=pipeline["pairs"],
        caches=pipeline.get("caches", False),
        jump=pipeline["jump"],
        following_access=pipeline.get("following_access"),
        units=data.get("units", {}),
        costs={kind: Cost(**cost) for kind, cost in data["cost"].items()},
        checks=tuple(Check(**check) for check in data.get("check", ())),
    )
