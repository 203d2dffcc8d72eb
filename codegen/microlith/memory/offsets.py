# SPDX-License-Identifier: Apache-2.0
"""Offsets of blocks (memory/blocks.py): greedy placement in many orders, then CP-SAT.

Both know only which differences of offsets are forbidden, and the alignments. The result depends on
the blocks and the version of OR-Tools alone: orders are drawn from a fixed seed, CP-SAT has one
worker, a fixed seed and a limit on deterministic time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from microlith.memory.blocks import Block, Forbidden, Interval, peak
from microlith.memory.exact import SEED
from microlith.memory.lifetimes import align

TRIES = 60
"""Orders of greedy placement."""

CROWD = 60
"""Most blocks that CP-SAT is asked to place."""


@dataclass(frozen=True)
class Offsets:
    """An offset for each block; `top` is the end of the last byte; `optimal` says that no other
    offsets have a lower one."""

    offsets: tuple[int, ...]
    top: int
    optimal: bool
    method: str


def place_blocks(blocks: Sequence[Block], forbidden: Forbidden, *, effort: float) -> Offsets:
    """The lowest top found. `effort` limits CP-SAT, in its deterministic seconds; 0 leaves it
    out."""
    floor = peak(blocks).size
    best = _greedy(blocks, _neighbours(len(blocks), forbidden), floor)
    if best.top > floor and effort and len(blocks) <= CROWD:
        return _exact(blocks, forbidden, best, floor, effort)
    return best


# ---------------------------------------------------------------------------------- greedy

Neighbours = Sequence[Sequence[tuple[int, Sequence[Interval]]]]
"""For each block the others that it can collide with, and the forbidden differences from them."""


def _neighbours(count: int, forbidden: Forbidden) -> Neighbours:
    found: list[list[tuple[int, Sequence[Interval]]]] = [[] for _ in range(count)]
    for (i, j), intervals in forbidden.items():
        found[j].append((i, intervals))
        found[i].append((j, [(-high, -low) for low, high in reversed(intervals)]))
    return found


def _greedy(blocks: Sequence[Block], neighbours: Neighbours, floor: int) -> Offsets:
    """The best of many orders; each is repaired by moving what sticks out to the front."""
    draw = random.Random(SEED)
    by_size = sorted(range(len(blocks)), key=lambda i: -blocks[i].size)
    by_time = sorted(range(len(blocks)), key=lambda i: min(p.first for p in blocks[i].parts))
    best: tuple[int, tuple[int, ...], str] | None = None
    for number in range(TRIES):
        order = [by_size, by_time, by_time[::-1]][number] if number < 3 else by_size[:]
        if number >= 3:
            order.sort(key=lambda i: -blocks[i].size * draw.uniform(0.3, 1.0))
        for _ in range(4):
            offsets = _place(blocks, neighbours, order)
            ends = [o + b.size for o, b in zip(offsets, blocks, strict=True)]
            if best is None or max(ends) < best[0]:
                best = max(ends), tuple(offsets), f"first fit, order {number}"
            if best[0] <= floor:
                break
            high = {i for i in order if ends[i] > floor}
            order = [i for i in order if i in high] + [i for i in order if i not in high]
        if best[0] <= floor:
            break
    assert best is not None
    return Offsets(best[1], best[0], best[0] <= floor, best[2])


def _place(blocks: Sequence[Block], neighbours: Neighbours, order: Sequence[int]) -> list[int]:
    """Each block at the lowest offset that those placed before it leave."""
    offsets = [-1] * len(blocks)
    for i in order:
        taken = sorted(
            (offsets[j] + low, offsets[j] + high)
            for j, intervals in neighbours[i]
            if offsets[j] >= 0
            for low, high in intervals
        )
        at, step = 0, blocks[i].alignment
        for low, high in taken:
            if low > at:
                break
            if high >= at:
                at = align(high + 1, step)
        offsets[i] = at
    return offsets


# ---------------------------------------------------------------------------------- CP-SAT


def _exact(
    blocks: Sequence[Block], forbidden: Forbidden, start: Offsets, floor: int, effort: float
) -> Offsets:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    top = model.new_int_var(floor, start.top, "top")
    model.add_hint(top, start.top)
    places = []
    for i, block in enumerate(blocks):
        step = block.alignment
        unit = model.new_int_var(0, (start.top - block.size) // step, f"unit_{i}")
        model.add_hint(unit, start.offsets[i] // step)
        places.append(unit * step)
        model.add(places[i] + block.size <= top)
    everything = (-start.top, start.top)
    for (i, j), intervals in forbidden.items():
        allowed = cp_model.Domain.from_intervals(_complement(intervals, everything))
        model.add_linear_expression_in_domain(places[j] - places[i], allowed)
    model.minimize(top)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = effort
    solver.parameters.linearization_level = 0
    status = solver.solve(model)
    optimal = status == cp_model.OPTIMAL
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.value(top) >= start.top:
        return Offsets(start.offsets, start.top, optimal, start.method)
    found = tuple(int(solver.value(place)) for place in places)
    return Offsets(found, int(solver.value(top)), optimal, "CP-SAT")


def _complement(intervals: Sequence[Interval], within: Interval) -> list[list[int]]:
    allowed = []
    low = within[0]
    for start, end in intervals:
        if start > low:
            allowed.append([low, start - 1])
        low = max(low, end + 1)
    if low <= within[1]:
        allowed.append([low, within[1]])
    return allowed
