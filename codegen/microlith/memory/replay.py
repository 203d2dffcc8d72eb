# SPDX-License-Identifier: Apache-2.0
"""A checker of plans by rows, which shares no code with the planner: runs the steps on an arena
whose bytes know which row they belong to, and fails when a row that is read was overwritten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from microlith.ir.program import Step
from microlith.memory.check import PlanError


@dataclass(frozen=True)
class Place:
    """`size` bytes of the arena."""

    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size

    def meets(self, other: Place) -> bool:
        return self.offset < other.end and other.offset < self.end


@dataclass(frozen=True)
class Access:
    """What a call touches. `reads` are (tensor, first and last row that each row of the call needs,
    whether the output may lie exactly on it); `writes` are tensors whose row r is written by row
    `lead + r` of the call. Scratch keeps its values between steps if there are lead rows."""

    reads: Sequence[tuple[int, Sequence[tuple[int, int]], bool]]
    writes: Sequence[int]
    lead: int
    scratch: Place | None
    label: str


class _Arena:
    """Bytes that know whose they are: a row of a tensor, or the scratch of a call."""

    def __init__(self, size: int) -> None:
        self._owner = np.full(size, -1, np.int64)

    def write(self, place: Place, owner: int, where: str) -> None:
        if place.offset < 0 or place.end > len(self._owner):
            raise PlanError(f"{where}: bytes {place.offset} to {place.end - 1} leave the arena")
        self._owner[place.offset : place.end] = owner

    def require(self, place: Place, owner: int, what: str) -> None:
        if not (self._owner[place.offset : place.end] == owner).all():
            raise PlanError(f"{what} was overwritten")


def replay(
    calls: Sequence[Access],
    steps: Sequence[Step],
    rows: Mapping[int, Sequence[Place]],
    *,
    given: Sequence[int],
    kept: Sequence[int],
    size: int,
) -> None:
    """Raises PlanError for the first byte that is not what a step, or the user after the last one,
    needs. `given` are tensors that exist before the first step, `kept` those that must exist after
    the last one, `size` is that of the arena in bytes."""
    arena = _Arena(size)
    for storage in given:
        for row, place in enumerate(rows[storage]):
            arena.write(place, _tag(storage, row), "before the first step")
    started: set[int] = set()
    for number, step in enumerate(steps):
        call = calls[step.call]
        where = f"step {number}, {call.label}"
        read = _read(call, step, rows, arena, where)
        results = [
            (_tag(storage, row), rows[storage][row])
            for storage in call.writes
            for row in _written(call, step)
        ]
        _check_apart(read, [place for _, place in results], call.scratch, where)
        if call.scratch is not None:
            if call.lead and step.call in started:
                arena.require(call.scratch, -2 - step.call, f"{where}: its scratch")
            arena.write(call.scratch, -2 - step.call, where)
            started.add(step.call)
        for tag, place in results:
            arena.write(place, tag, where)
    for storage in kept:
        for row, place in enumerate(rows[storage]):
            arena.require(place, _tag(storage, row), f"after the last step: {_name(storage, row)}")


def _tag(storage: int, row: int) -> int:
    return (storage << 20) + row


def _name(storage: int, row: int) -> str:
    return f"row {row} of tensor {storage}"


def _written(call: Access, step: Step) -> range:
    return range(max(step.first - call.lead, 0), max(step.first + step.count - call.lead, 0))


def _read(
    call: Access, step: Step, rows: Mapping[int, Sequence[Place]], arena: _Arena, where: str
) -> list[tuple[list[Place], bool]]:
    """Places of what each operand needs, which must be there."""
    found = []
    for storage, spans, in_place in call.reads:
        band = spans[step.first : step.first + step.count]
        needed = sorted({row for first, last in band for row in range(first, last + 1)})
        for row in needed:
            arena.require(rows[storage][row], _tag(storage, row), f"{where}: {_name(storage, row)}")
        found.append(([rows[storage][row] for row in needed], in_place))
    return found


def _check_apart(
    read: Sequence[tuple[Sequence[Place], bool]],
    results: Sequence[Place],
    scratch: Place | None,
    where: str,
) -> None:
    for places, in_place in read:
        if not (in_place and _coincide(places, results)) and _any_meet(places, results):
            raise PlanError(f"{where}: a result lies on what the step reads")
    if scratch and _any_meet([scratch], [*results, *(p for places, _ in read for p in places)]):
        raise PlanError(f"{where}: scratch lies on what the step reads or writes")


def _any_meet(some: Sequence[Place], others: Sequence[Place]) -> bool:
    return any(a.meets(b) for a in some for b in others)


def _coincide(source: Sequence[Place], target: Sequence[Place]) -> bool:
    """Whether element i of the target lies on element i of the source, or beyond no byte of it."""
    source_runs, target_runs = _runs(source), _runs(target)
    return len(source_runs) == len(target_runs) and all(
        a.offset == b.offset and a.size >= b.size
        for a, b in zip(source_runs, target_runs, strict=True)
    )


def _runs(places: Sequence[Place]) -> list[Place]:
    """The same bytes, neighbours joined."""
    runs: list[Place] = []
    for place in places:
        if runs and runs[-1].end == place.offset:
            runs[-1] = Place(runs[-1].offset, runs[-1].size + place.size)
        else:
            runs.append(place)
    return runs
