# SPDX-License-Identifier: Apache-2.0
"""In which order rows of all ops are computed, and how long each row lives.

Ops are cut into consecutive *segments*. Within a segment the op furthest down fires as soon as it
can compute its next band of rows, so that rows are consumed soon after they were made; the next
segment starts when all rows of this one are there. A segment of one op is layer-wise execution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

from microlith.ir.graph import Subgraph
from microlith.ir.program import Step
from microlith.lower.rows import Reads, reads_of, rows_of
from microlith.lower.selected import Selected

BEFORE = -1
"""The time before the first step: inputs are written then."""


@dataclass(frozen=True)
class Store:
    """A tensor in the arena: `rows` of `pitch` bytes, computed by op `maker` (None: an input or a
    variable). With `whole`, some kernel needs all rows in one piece, one after the other; `joins`,
    some kernel is faster on rows that lie so; `stays`, they are needed after the last step."""

    tensor: int
    rows: int
    pitch: int
    maker: int | None
    whole: bool
    joins: bool
    stays: bool


@dataclass(frozen=True)
class Work:
    """An op as the schedule sees it: `rows` of which `lead` come before those of its outputs and
    keep the scratch. `reads` numbers rows as the stores do. Those in `in_place`, at positions of
    `reads`, may be overwritten by `writes[0]`."""

    rows: int
    lead: int
    reads: tuple[Reads, ...]
    writes: tuple[int, ...]
    scratch: int
    in_place: tuple[int, ...]
    cost: Callable[[int], float]
    """Estimated instructions of a step of so many rows."""


@dataclass(frozen=True)
class Segment:
    """Ops [first, last] as one pipeline; `bands` has the rows of a step for each of them."""

    first: int
    last: int
    bands: tuple[int, ...]


@dataclass(frozen=True)
class Job:
    """What is to be scheduled: ops in an order that respects what they read."""

    work: tuple[Work, ...]
    stores: Mapping[int, Store]
    _read: dict[tuple[int, int, int, int], range] = field(default_factory=dict, repr=False)
    _needs: dict[tuple[int, int], list[int]] = field(default_factory=dict, repr=False)

    def rows_read(self, step: Step, at: int) -> range:
        """Rows that a step reads of what is at position `at` of the op's `reads`."""
        key = (step.call, at, step.first, step.count)
        if key not in self._read:
            spans = self.work[step.call].reads[at].spans
            self._read[key] = rows_of(spans[step.first : step.first + step.count])
        return self._read[key]

    def needs(self, op: int, makers: Mapping[int, int]) -> list[tuple[int, list[int]]]:
        """(op that makes an input, the last of its rows that each row of `op` needs), for inputs
        that `makers` has by storage."""
        found = []
        for at, reads in enumerate(self.work[op].reads):
            if reads.storage in makers:
                made = makers[reads.storage]
                if (op, at) not in self._needs:
                    lead = self.work[made].lead
                    lasts = accumulate((last + lead for _, last in reads.spans), max)
                    self._needs[op, at] = list(lasts)
                found.append((made, self._needs[op, at]))
        return found

    def cost(self, segment: Segment) -> float:
        """Estimated instructions of a segment."""
        total = 0.0
        for op, band in zip(range(segment.first, segment.last + 1), segment.bands, strict=True):
            work = self.work[op]
            steps, rest = divmod(work.rows, band)
            total += steps * work.cost(band) + (work.cost(rest) if rest else 0.0)
        return total


def make_job(main: Subgraph, ops: Sequence[Selected], *, keep_inputs: bool) -> Job:
    """The job of `ops`, whose kernels say what they read, what a step costs and what they may
    overwrite."""
    reads = [reads_of(op.op, op.lowering, main) for op in ops]
    stores = _stores(main, ops, reads, keep_inputs)
    work = []
    for op, found in zip(ops, reads, strict=True):
        read = [r.storage for r in found]
        work.append(
            Work(
                rows=op.lowering.rows,
                lead=op.lowering.lead_rows,
                reads=tuple(_renumbered(r, stores[r.storage]) for r in found),
                writes=tuple(main.storage(i) for i in op.op.op.outputs),
                scratch=op.lowering.scratch,
                in_place=tuple(
                    at
                    for at, r in enumerate(found)
                    if r.position in op.lowering.in_place and read.count(r.storage) == 1
                ),
                cost=cache(op.cost),
            )
        )
    return Job(tuple(work), stores)


def _stores(
    main: Subgraph, ops: Sequence[Selected], reads: Sequence[Sequence[Reads]], keep_inputs: bool
) -> dict[int, Store]:
    makers = {main.storage(i): number for number, op in enumerate(ops) for i in op.op.op.outputs}
    readers: dict[int, list[Selected]] = {}
    layouts: dict[int, list[tuple[int, int] | None]] = {}
    for op, found in zip(ops, reads, strict=True):
        for r in found:
            readers.setdefault(r.storage, []).append(op)
            layouts.setdefault(r.storage, []).append(r.layout)
    kept = {main.storage(i) for i in (*main.outputs, *(main.inputs if keep_inputs else ()))}
    kept |= {i for i, tensor in enumerate(main.tensors) if tensor.is_variable}
    given = {main.storage(i) for i in main.inputs} | set(layouts)
    stores = {}
    for root in sorted(given | set(makers)):
        if main.tensors[root].is_constant:
            continue
        maker = makers.get(root)
        size, wanted = main.tensors[root].nbytes, layouts.get(root, [])
        rows = max((layout[0] for layout in wanted if layout), default=1)
        users = list(readers.get(root, []))
        if maker is not None:
            rows = ops[maker].lowering.rows - ops[maker].lowering.lead_rows
            users.append(ops[maker])
        layout = (rows, size // rows)
        stores[root] = Store(
            tensor=root,
            rows=rows,
            pitch=size // rows,
            maker=maker,
            whole=maker is None or root in kept or any(other != layout for other in wanted),
            joins=any(op.kernel.joins_rows for op in users),
            stays=root in kept,
        )
    return stores


def _renumbered(reads: Reads, store: Store) -> Reads:
    """The same with rows as the store has them: all of them, where the kernel sees others."""
    if reads.layout == (store.rows, store.pitch):
        return reads
    spans = ((0, store.rows - 1),) * len(reads.spans)
    return Reads(reads.position, reads.storage, reads.layout, spans)


# ------------------------------------------------------------------------------------ order


def fire(job: Job, segment: Segment) -> list[Step]:
    """Steps of one segment, everything before it being complete."""
    members = range(segment.first, segment.last + 1)
    maker = {storage: op for op in members for storage in job.work[op].writes}
    needs = {op: job.needs(op, maker) for op in members}
    reader = {made: op for op in members for made, _ in needs[op]}
    done = dict.fromkeys(members, 0)
    steps = []
    at = segment.last
    while at >= segment.first:
        count = min(segment.bands[at - segment.first], job.work[at].rows - done[at])
        last = done[at] + count - 1
        if count and all(done[made] > rows[last] for made, rows in needs[at]):
            steps.append(Step(at, done[at], count))
            done[at] += count
            at = reader.get(at, at)
        else:
            at -= 1
    assert all(done[op] == job.work[op].rows for op in members), "the schedule is incomplete"
    return steps


# --------------------------------------------------------------------------------- lifetimes


@dataclass(frozen=True)
class Life:
    """Of each row of a store: the step that writes it and the last one that reads it, the number of
    steps if it stays."""

    born: list[int]
    dies: list[int]


def lives(job: Job, steps: Sequence[Step], *, later: int | None = None) -> dict[int, Life]:
    """Lifetimes when `steps` run. Stores that no step touches are left out, unless `later` is
    given: steps are then those of a segment and ops from `later` on follow it, so that what they
    read lives on."""
    end = len(steps)
    found: dict[int, Life] = {}

    def life(storage: int) -> Life:
        if storage not in found:
            store = job.stores[storage]
            dies = [end if store.stays else BEFORE] * store.rows
            found[storage] = Life([BEFORE] * store.rows, dies)
        return found[storage]

    for number, step in enumerate(steps):
        op = job.work[step.call]
        for at, reads in enumerate(op.reads):
            dies = life(reads.storage).dies
            for i in job.rows_read(step, at):
                dies[i] = max(dies[i], number)
        for storage in op.writes:
            row = life(storage)
            for i in rows_written(op, step):
                row.born[i] = number
                row.dies[i] = max(row.dies[i], number)
    if later is not None:
        for op in job.work[later:]:
            for reads in op.reads:
                if (maker := job.stores[reads.storage].maker) is None or maker < later:
                    row = life(reads.storage)
                    row.dies[:] = [end] * len(row.dies)
    return found


def rows_written(op: Work, step: Step) -> range:
    """Rows of its outputs that a step writes."""
    return range(max(step.first - op.lead, 0), max(step.first + step.count - op.lead, 0))
