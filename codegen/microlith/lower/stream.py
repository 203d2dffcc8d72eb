# SPDX-License-Identifier: Apache-2.0
"""The arena of a plan by rows: where tensors exist as a few rows at a time, and outputs lie on rows
of inputs that are dead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from microlith.ir.graph import Subgraph
from microlith.ir.program import Buffer, MemoryPlan, Span
from microlith.lower.arena import Arena, role
from microlith.lower.constants import ROW_TABLE_ENTRY, ROW_UNIT
from microlith.lower.names import unique
from microlith.lower.options import SLACK, CompileOptions, Plan
from microlith.lower.pipelines import Placed, Search, realise
from microlith.lower.schedule import Job, Segment, make_job
from microlith.lower.selected import Selected
from microlith.memory.blocks import Block, peak
from microlith.memory.replay import Access, Place, replay
from microlith.targets.target import Target

LARGEST_ARENA = ROW_UNIT << 16
"""Bytes that a table of rows can reach."""


def stream(
    main: Subgraph,
    selected: Sequence[Selected],
    layerwise: Arena,
    labels: Sequence[str],
    target: Target,
    options: CompileOptions,
) -> tuple[Sequence[Selected], Arena]:
    """The smallest arena whose plan takes few instructions more than op after op does, and the
    kernels that it is for; `layerwise` where nothing is smaller."""
    best: tuple[Sequence[Selected], Arena] = (selected, layerwise)
    base = sum(op.cost(op.lowering.rows) for op in selected)
    most = base * (1 + SLACK[options.optimize])
    variants = [selected]
    if any(op.by_rows for op in selected):
        variants.append([op.row_by_row() for op in selected])
    for ops in variants:
        job = make_job(main, ops, keep_inputs=options.keep_inputs)
        search = Search(job, longest=1 if options.plan == Plan.OVERLAP else None)
        for segments in search.best(most):
            names = {storage: labels[storage] for storage in job.stores}
            found = realise(job, segments, alignment=max(target.alignment, ROW_UNIT), names=names)
            if found.offsets.top < min(best[1].memory.arena, LARGEST_ARENA):
                arena = _arena(main, ops, job, segments, found, target)
                if _fits(ops, arena, options.max_flash):
                    best = (ops, arena)
    return best


def _fits(ops: Sequence[Selected], arena: Arena, max_flash: int | None) -> bool:
    """Whether tables of rows leave the constants within the user's limit."""
    tables = ROW_TABLE_ENTRY * sum(len(rows) for rows in arena.listed.values())
    own = sum(op.choice.candidate.constant_bytes for op in ops)
    return max_flash is None or own + tables <= max_flash


def _arena(
    main: Subgraph,
    ops: Sequence[Selected],
    job: Job,
    segments: Sequence[Segment],
    found: Placed,
    target: Target,
) -> Arena:
    layout, offsets = found.layout, found.offsets.offsets
    stores = sorted(layout.homes)
    rows = {
        storage: tuple(offsets[block] + offset for block, offset in layout.homes[storage])
        for storage in stores
    }
    listed: dict[int, tuple[int, ...]] = {}
    capacity: dict[int, int] = {}
    for storage in stores:
        slots = _slots(rows[storage], job.stores[storage].pitch)
        if slots is None:
            listed[storage] = rows[storage]
        elif slots < job.stores[storage].rows:
            capacity[storage] = slots
    _check(ops, job, found, rows)
    buffers = [
        _store_buffer(main, job, storage, rows[storage], found, storage in listed, target)
        for storage in stores
    ]
    buffer_of = {
        index: stores.index(main.storage(index))
        for index in range(len(main.tensors))
        if main.storage(index) in rows
    }
    scratch_of = {}
    for call, block in layout.scratch.items():
        scratch_of[call] = len(buffers)
        label = f"scratch_{ops[call].op.op.index}"
        buffers.append(_scratch_buffer(label, layout.blocks[block], offsets[block]))
    names = unique(buffer.name for buffer in buffers)
    return Arena(
        buffers=tuple(replace(b, name=name) for b, name in zip(buffers, names, strict=True)),
        memory=_figures(ops, found, segments),
        buffer_of=buffer_of,
        scratch_of=scratch_of,
        steps=found.steps,
        capacity=capacity,
        listed=listed,
    )


def _slots(rows: Sequence[int], pitch: int) -> int | None:
    """After how many rows, one behind the other, the first place comes again; None when rows
    follow no such rule."""
    count = len(rows)
    slots = next((i for i in range(1, count) if rows[i] == rows[0]), count)
    ruled = all(offset == rows[0] + r % slots * pitch for r, offset in enumerate(rows))
    return slots if ruled else None


def _store_buffer(
    main: Subgraph,
    job: Job,
    storage: int,
    rows: Sequence[int],
    found: Placed,
    listed: bool,
    target: Target,
) -> Buffer:
    store, life = job.stores[storage], found.lives[storage]
    spans = tuple(
        Span(offset, store.pitch, life.born[row], life.dies[row]) for row, offset in enumerate(rows)
    )
    low = min(rows)
    return Buffer(
        name=found.names[storage],
        role=role(main, storage, {storage: storage}),
        size=max(rows) + store.pitch - low,
        alignment=target.alignment,
        first=min(life.born),
        last=max(life.dies),
        offset=low,
        tensor=storage,
        spans=spans,
        listed=listed,
    )


def _scratch_buffer(name: str, block: Block, offset: int) -> Buffer:
    spans = tuple(Span(offset, p.size, p.first // 2, p.last // 2) for p in block.parts)
    return Buffer(
        name=name,
        role="scratch",
        size=block.size,
        alignment=block.alignment,
        first=min(span.first for span in spans),
        last=max(span.last for span in spans),
        offset=offset,
        spans=spans,
    )


def _figures(ops: Sequence[Selected], found: Placed, segments: Sequence[Segment]) -> MemoryPlan:
    blocks, offsets = found.layout.blocks, found.offsets
    bound = peak(blocks)
    held = [(b, o) for b, o in zip(blocks, offsets.offsets, strict=True) if not b.is_scratch]
    step = bound.tick // 2
    live = [
        block.name
        for block in blocks
        if any(p.first <= bound.tick <= p.last and p.size for p in block.parts)
    ]
    at = f"step {step}, {ops[found.steps[step].call].op.op.label}" if step >= 0 else "the inputs"
    tensors = list(dict.fromkeys(name.partition("[")[0] for name in live))
    return MemoryPlan(
        arena=offsets.top,
        bound=bound.size,
        activations=max((offset + block.size for block, offset in held), default=0),
        activation_bound=peak([block for block, _ in held]).size,
        proven_optimal=offsets.top == bound.size,
        method=f"{sum(s.first < s.last for s in segments)} pipelines of rows, {offsets.method}",
        pinned_by=f"{at}: {', '.join(tensors)}",
    )


def _check(
    ops: Sequence[Selected], job: Job, found: Placed, rows: Mapping[int, Sequence[int]]
) -> None:
    """Replays the plan byte by byte."""
    places = {
        storage: [Place(offset, job.stores[storage].pitch) for offset in offsets]
        for storage, offsets in rows.items()
    }
    scratch = {
        call: Place(found.offsets.offsets[block], found.layout.blocks[block].size)
        for call, block in found.layout.scratch.items()
    }
    accesses = [
        Access(
            reads=tuple(
                (r.storage, r.spans, at in work.in_place) for at, r in enumerate(work.reads)
            ),
            writes=work.writes,
            lead=work.lead,
            scratch=scratch.get(call),
            label=ops[call].op.op.label,
        )
        for call, work in enumerate(job.work)
    ]
    given = [s for s, store in job.stores.items() if store.maker is None and s in rows]
    kept = [s for s, store in job.stores.items() if store.stays and s in rows]
    replay(accesses, found.steps, places, given=given, kept=kept, size=found.offsets.top)
