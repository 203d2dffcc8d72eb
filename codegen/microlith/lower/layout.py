# SPDX-License-Identifier: Apache-2.0
"""A schedule → blocks of bytes with lifetimes, for placement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from microlith.ir.program import Step
from microlith.lower.schedule import Job, Life, Store, capacity, lives
from microlith.memory.blocks import Block, InPlace, Part


@dataclass(frozen=True, eq=False)
class Layout:
    """Blocks of a schedule: the first ones are stores, in the order of `stores`, then the scratch
    of calls, in the order of `scratch`. `capacities` has the slots of each store."""

    blocks: tuple[Block, ...]
    in_place: tuple[InPlace, ...]
    stores: tuple[int, ...]
    scratch: tuple[int, ...]
    capacities: Mapping[int, int]


def lay_out(
    job: Job,
    steps: Sequence[Step],
    *,
    alignment: int,
    names: Mapping[int, str],
    later: int | None = None,
) -> Layout:
    """The layout of `steps`; for `later`, see schedule.lives."""
    found = lives(job, steps, later=later)
    stores = tuple(sorted(found))
    capacities = {storage: capacity(job.stores[storage], found[storage]) for storage in stores}
    taking = _taking(job, steps, found)
    blocks = [
        Block(
            names.get(storage, str(storage)),
            _parts(job.stores[storage], found[storage], capacities[storage], taking),
            alignment,
        )
        for storage in stores
    ]
    calls = sorted({step.call for step in steps if job.work[step.call].scratch})
    for call in calls:
        parts = tuple(
            Part(0, job.work[call].scratch, 2 * number, 2 * number + 1)
            for number, step in enumerate(steps)
            if step.call == call
        )
        blocks.append(Block(f"scratch_{call}", parts, alignment, is_scratch=True))
    in_place = _in_place(job, steps, stores, capacities, taking)
    return Layout(tuple(blocks), tuple(in_place), stores, tuple(calls), capacities)


Taking = Mapping[int, int]
"""For steps that write in place the position in `reads` of what they overwrite."""


def _taking(job: Job, steps: Sequence[Step], found: Mapping[int, Life]) -> dict[int, int]:
    """A step works in place where it is the last to read all the rows that it reads there."""
    taking = {}
    for number, step in enumerate(steps):
        op = job.work[step.call]
        for at in op.in_place:
            reads = op.reads[at]
            spans = reads.spans[step.first : step.first + step.count]
            life = found[reads.storage]
            rows = range(min(a for a, _ in spans), max(b for _, b in spans) + 1)
            if all(life.taken[row] and life.dies[row] == number for row in rows):
                taking[number] = at
                break
    return taking


def _parts(store: Store, life: Life, slots: int, taking: Taking) -> tuple[Part, ...]:
    parts: list[Part] = []
    for row in range(store.rows):
        born, dies = life.born[row], life.dies[row]
        first = 2 * born + (born in taking)
        last = 2 * dies + (not (life.taken[row] and dies in taking))
        offset = row % slots * store.pitch
        before = parts[-1] if parts else None
        if before and (before.first, before.last) == (first, last):
            if before.offset + before.size == offset:
                parts[-1] = Part(before.offset, before.size + store.pitch, first, last)
                continue
        parts.append(Part(offset, store.pitch, first, last))
    return tuple(parts)


def _in_place(
    job: Job,
    steps: Sequence[Step],
    stores: Sequence[int],
    capacities: Mapping[int, int],
    taking: Taking,
) -> list[InPlace]:
    number_of = {storage: number for number, storage in enumerate(stores)}
    found = []
    for number, at in taking.items():
        step = steps[number]
        op = job.work[step.call]
        reads, target = op.reads[at], op.writes[0]
        spans = reads.spans[step.first : step.first + step.count]
        source_rows = range(min(a for a, _ in spans), max(b for _, b in spans) + 1)
        rows_written = range(step.first, step.first + step.count)
        if job.stores[target].rows != op.rows:
            rows_written = range(job.stores[target].rows)
        sources = _runs(job.stores[reads.storage], source_rows, capacities[reads.storage])
        targets = _runs(job.stores[target], rows_written, capacities[target])
        exact = len(sources) == len(targets) == 1
        by_row = len(source_rows) == len(rows_written)
        if not exact and by_row:
            sources = _rows(job.stores[reads.storage], source_rows, capacities[reads.storage])
            targets = _rows(job.stores[target], rows_written, capacities[target])
        for i, source in enumerate(sources):
            for j, written in enumerate(targets):
                same = exact or (by_row and i == j)
                reader, writer = number_of[reads.storage], number_of[target]
                found.append(InPlace(reader, source, writer, written, same))
    return list(dict.fromkeys(found))


def _rows(store: Store, rows: Sequence[int], slots: int) -> list[tuple[int, int]]:
    """First and last byte of each row."""
    starts = [row % slots * store.pitch for row in rows]
    return [(start, start + store.pitch - 1) for start in starts]


def _runs(store: Store, rows: Sequence[int], slots: int) -> list[tuple[int, int]]:
    """The same, adjacent rows joined."""
    runs: list[tuple[int, int]] = []
    for start, end in _rows(store, rows, slots):
        if runs and runs[-1][1] + 1 == start:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs
