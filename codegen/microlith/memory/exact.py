# SPDX-License-Identifier: Apache-2.0
"""Offsets by constraint programming (OR-Tools CP-SAT), where greedy placement misses the bound.

The result depends on the requests and the version of OR-Tools alone: one worker, a fixed seed, a
limit on deterministic time and never on the clock, and no linear relaxation, whose floating-point
sums might differ between processors.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from microlith.memory.lifetimes import Conflicts, Request, align

SEED = 1

CROWD = 40
"""Most buffers alive at once for which CP-SAT's deterministic second is as long as ever, about 10 s
of one core. It leaves out most of what propagation costs in larger disjunctions: with 60 alive at
each of 60 steps it is six times as long.
"""


@dataclass(frozen=True)
class Solution:
    """Offsets, and whether no others have a lower top."""

    offsets: tuple[int, ...]
    optimal: bool


def lower_top(
    requests: Sequence[Request],
    conflicts: Conflicts,
    members: Collection[int],
    start: Sequence[int],
    *,
    floor: int,
    effort: float,
) -> Solution:
    """Minimises the end of the last byte of `members`, not below `floor`, a known lower bound.

    `start` is a valid assignment: the search begins there, and its arena is the room of all
    requests. `effort` limits the search, in CP-SAT's deterministic seconds, less where more than
    CROWD buffers are alive at once. The result is `start` itself when nothing better is found.
    """
    from ortools.sat.python import cp_model

    room = max(offset + r.size for offset, r in zip(start, requests, strict=True))
    known = max(start[i] + requests[i].size for i in members)
    model = cp_model.CpModel()
    top = model.new_int_var(floor, known, "top")
    offsets = []
    for i, request in enumerate(requests):
        limit = known if i in members else room
        unit = model.new_int_var(0, (limit - request.size) // request.alignment, f"unit_{i}")
        model.add_hint(unit, start[i] // request.alignment)
        offsets.append(unit * request.alignment)
        if i in members:
            model.add(offsets[i] + request.size <= top)
    model.add_hint(top, known)
    model.minimize(top)
    live_sets = _live_sets(requests)
    _keep_apart(model, requests, conflicts, live_sets, offsets, start)

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    crowd = max(map(len, live_sets), default=1)
    solver.parameters.max_deterministic_time = effort * min(1, CROWD / crowd) ** 3
    solver.parameters.linearization_level = 0
    # Presolve finds little to simplify here and can use up a small limit.
    solver.parameters.cp_model_presolve = False
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE) or solver.value(top) >= known:
        return Solution(tuple(start), status == cp_model.OPTIMAL)
    return Solution(
        tuple(int(solver.value(offset)) for offset in offsets), status == cp_model.OPTIMAL
    )


def _keep_apart(
    model: Any,
    requests: Sequence[Request],
    conflicts: Conflicts,
    live_sets: Iterable[Sequence[int]],
    offsets: Sequence[Any],
    start: Sequence[int],
) -> None:
    """No two conflicting requests share a byte.

    Said twice, because the search is several times faster with both: as an order of each pair, to
    branch on, and as a disjunction of all that is live in one step, to reason about.
    """
    unit = math.gcd(*(request.alignment for request in requests))
    sizes = [align(request.size, unit) for request in requests]
    for i, others in enumerate(conflicts):
        for j in others:
            if i < j:
                below = model.new_bool_var(f"{i}_below_{j}")
                model.add_hint(below, start[i] < start[j])
                model.add(offsets[i] + sizes[i] <= offsets[j]).only_enforce_if(below)
                model.add(offsets[j] + sizes[j] <= offsets[i]).only_enforce_if(~below)
    spans = [
        model.new_fixed_size_interval_var(offset, size, f"span_{i}")
        for i, (offset, size) in enumerate(zip(offsets, sizes, strict=True))
    ]
    for live in live_sets:
        model.add_no_overlap([spans[i] for i in live])


def _live_sets(requests: Sequence[Request]) -> list[tuple[int, ...]]:
    """Positions of the requests with bytes that are live together: the largest such sets."""
    steps = sorted({request.first for request in requests})
    sets = [
        frozenset(i for i, r in enumerate(requests) if r.size and r.first <= step <= r.last)
        for step in steps
    ]
    largest = [live for live in dict.fromkeys(sets) if not any(live < other for other in sets)]
    return [tuple(sorted(live)) for live in largest]
