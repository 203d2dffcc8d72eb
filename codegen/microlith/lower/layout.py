# SPDX-License-Identifier: Apache-2.0
"""A schedule → blocks of bytes with lifetimes, for placement.

Rows of a tensor are blocks of their own, unless a kernel needs the tensor in one piece or all of
its rows live together anyway. A row that a step writes in place of the row that it reads shares its
block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import accumulate

from microlith.ir.program import Step
from microlith.lower.constants import ROW_UNIT
from microlith.lower.schedule import Job, Life, Store, lives, rows_written
from microlith.memory.blocks import Block, Part

Home = tuple[int, int]
"""A block and an offset in it."""


@dataclass(frozen=True, eq=False)
class Layout:
    """`homes` has the place of each row of each store, `scratch` the block of each call that has
    scratch, `lives` the lifetimes of rows."""

    blocks: tuple[Block, ...]
    homes: Mapping[int, tuple[Home, ...]]
    scratch: Mapping[int, int]
    lives: Mapping[int, Life]


@dataclass
class _Draft:
    """Blocks that are being put together: (name, parts) of each, whose number later ones get when
    they join it."""

    names: list[str] = field(default_factory=list)
    parts: list[list[Part]] = field(default_factory=list)
    homes: dict[int, list[Home]] = field(default_factory=dict)

    def add(self, name: str) -> int:
        self.names.append(name)
        self.parts.append([])
        return len(self.names) - 1


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
    in_pieces = {storage: _in_pieces(job, storage, life) for storage, life in found.items()}
    takeovers = _takeovers(job, steps, found, in_pieces)
    draft = _Draft()
    order = sorted(found, key=lambda storage: (min(found[storage].born), storage))
    for storage in order:
        _add_store(draft, job, storage, found[storage], in_pieces[storage], takeovers, names)
    scratch = {}
    blocks = [
        Block(name, tuple(_joined(parts)), alignment)
        for name, parts in zip(draft.names, draft.parts, strict=True)
    ]
    for call, parts in _scratch(job, steps).items():
        scratch[call] = len(blocks)
        blocks.append(Block(f"scratch_{call}", parts, alignment, is_scratch=True))
    homes = {storage: tuple(rows) for storage, rows in draft.homes.items()}
    return Layout(tuple(blocks), homes, scratch, found)


def peak_of(job: Job, steps: Sequence[Step], *, later: int) -> int:
    """The largest sum of live bytes in blocks of `lay_out`, without making them."""
    found = lives(job, steps, later=later)
    taken: Mapping[Takeover, Takeover] = {}
    if any(job.work[step.call].in_place for step in steps):
        in_pieces = {storage: _in_pieces(job, storage, life) for storage, life in found.items()}
        taken = _takeovers(job, steps, found, in_pieces)
    given = set(taken.values())
    end = len(steps)
    change = [0] * (2 * end + 5)
    for storage, life in found.items():
        store = job.stores[storage]
        whole = not _in_pieces(job, storage, life)
        takes = whole and (storage, 0) in taken
        gives = whole and (storage, 0) in given
        for row, (born, dies) in enumerate(zip(life.born, life.dies, strict=True)):
            takes_row = takes or (storage, row) in taken
            gives_row = gives or (storage, row) in given
            change[2 * born + takes_row + 2] += store.pitch
            change[2 * dies + (not gives_row) + 3] -= store.pitch
    for call, parts in _scratch(job, steps).items():
        for part in parts:
            change[part.first + 2] += job.work[call].scratch
            change[part.last + 3] -= job.work[call].scratch
    return max(accumulate(change))


def _in_pieces(job: Job, storage: int, life: Life) -> bool:
    """Whether rows are blocks of their own: no kernel needs them in one piece, and they do not all
    come and go together."""
    spans = set(zip(life.born, life.dies, strict=True))
    return not job.stores[storage].whole and len(spans) > 1


Takeover = tuple[int, int]
"""A store and one of its rows."""


def _takeovers(
    job: Job, steps: Sequence[Step], found: Mapping[int, Life], in_pieces: Mapping[int, bool]
) -> dict[Takeover, Takeover]:
    """For rows that are written in place, the rows whose bytes they take.

    Rows of the same number and size change hands one by one; otherwise all of a tensor does, when
    one step reads and writes all of it. The rows must die in that very step.
    """
    taken: dict[Takeover, Takeover] = {}
    for number, step in enumerate(steps):
        op = job.work[step.call]
        if not op.in_place or not op.writes:
            continue
        target = job.stores[op.writes[0]]
        for at in op.in_place:
            source = job.stores[op.reads[at].storage]
            rows = job.rows_read(step, at)
            written = rows_written(op, step)
            life = found[source.tensor]
            if any(life.dies[row] != number for row in rows):
                continue
            alike = (source.rows, source.pitch) == (target.rows, target.pitch)
            pieces = in_pieces[source.tensor], in_pieces[target.tensor]
            if alike and rows == written and pieces == (True, True):
                taken.update({(target.tensor, r): (source.tensor, r) for r in rows})
                break
            everything = len(rows) == source.rows and len(written) == target.rows
            fits = source.rows * source.pitch >= target.rows * target.pitch
            if everything and fits and pieces == (False, False):
                taken[target.tensor, 0] = (source.tensor, 0)
                break
    return taken


def _add_store(
    draft: _Draft,
    job: Job,
    storage: int,
    life: Life,
    in_pieces: bool,
    takeovers: Mapping[Takeover, Takeover],
    names: Mapping[int, str],
) -> None:
    store = job.stores[storage]
    given = set(takeovers.values())
    name = names.get(storage, str(storage))
    homes: list[Home] = []
    for row in range(store.rows):
        source = takeovers.get((storage, row if in_pieces else 0))
        if source is not None:
            block, offset = draft.homes[source[0]][source[1]]
            offset += 0 if in_pieces else row * store.pitch
        elif in_pieces and not _continues(store, life, row, given):
            block, offset = draft.add(f"{name}[{row}]"), 0
        elif in_pieces:
            block, offset = homes[-1][0], homes[-1][1] + store.pitch
        else:
            block = homes[0][0] if homes else draft.add(name)
            offset = row * store.pitch
        homes.append((block, offset))
        gives = (storage, row if in_pieces else 0) in given
        first = 2 * life.born[row] + (source is not None)
        last = 2 * life.dies[row] + (not gives)
        draft.parts[block].append(Part(offset, store.pitch, first, last))
    draft.homes[storage] = homes


def _continues(store: Store, life: Life, row: int, given: Set[Takeover]) -> bool:
    """Whether a row comes and goes with the one before it, so that both may lie together: kernels
    like long runs of pixels. Rows whose bytes are taken over stay alone."""
    return (
        row > 0
        and store.joins
        and store.pitch % ROW_UNIT == 0
        and (life.born[row], life.dies[row]) == (life.born[row - 1], life.dies[row - 1])
        and (store.tensor, row) not in given
        and (store.tensor, row - 1) not in given
    )


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The same with neighbours of equal life in one."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if (
            before
            and (before.first, before.last) == (part.first, part.last)
            and before.offset + before.size == part.offset
        ):
            joined[-1] = Part(before.offset, before.size + part.size, part.first, part.last)
        else:
            joined.append(part)
    return joined


def _scratch(job: Job, steps: Sequence[Step]) -> dict[int, tuple[Part, ...]]:
    """When each call needs its scratch: during each of its steps, or from the first to the last."""
    numbers: dict[int, list[int]] = {}
    for number, step in enumerate(steps):
        if job.work[step.call].scratch:
            numbers.setdefault(step.call, []).append(number)
    parts = {}
    for call, used in sorted(numbers.items()):
        spans = [(used[0], used[-1])] if job.work[call].lead else [(n, n) for n in used]
        size = job.work[call].scratch
        parts[call] = tuple(Part(0, size, 2 * a, 2 * b + 1) for a, b in spans)
    return parts
