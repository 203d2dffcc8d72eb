# SPDX-License-Identifier: Apache-2.0
"""The plan of the arena: offsets, figures and a certificate of how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from microlith.ir.program import MemoryPlan
from microlith.memory.bestfit import Assignment, Score, best_fit, score
from microlith.memory.bounds import liveness_bound
from microlith.memory.exact import lower_top
from microlith.memory.lifetimes import Conflicts, Request, find_conflicts

EXACT_LIMIT = 300
"""Most requests for which optimal offsets are searched; beyond, greedy placement has to do."""

DEFAULT_EFFORT = 0.15
"""CP-SAT's deterministic seconds for the arena, and half as many for the activations in it.
Together less than 10 s of one core for 200 buffers; none when greedy placement reaches the bounds.
"""


@dataclass(frozen=True)
class Placement:
    """An offset for each request, in their order, and the figures of the arena they make.

    The arena ends with the last byte in use: it is not rounded up to any alignment.
    """

    offsets: tuple[int, ...]
    memory: MemoryPlan


def plan(
    requests: Sequence[Request], step_labels: Sequence[str] = (), *, effort: float = DEFAULT_EFFORT
) -> Placement:
    """Offsets with the smallest arena found, and among these the lowest top of what is not scratch.

    The same requests and effort give the same plan on any machine. `step_labels` name steps 0, 1, …
    in the certificate's text.
    """
    bound = liveness_bound(requests)
    activations = [i for i, request in enumerate(requests) if not request.is_scratch]
    activation_bound = liveness_bound([requests[i] for i in activations])
    goal = (bound.size, activation_bound.size)

    conflicts = find_conflicts(requests)
    found, proven = best_fit(requests, conflicts, goal), False
    if score(requests, found.offsets) != goal and len(requests) <= EXACT_LIMIT:
        found, proven = _refine(requests, conflicts, found, goal, effort)
    arena, top = score(requests, found.offsets)
    memory = MemoryPlan(
        arena=arena,
        bound=bound.size,
        activations=top,
        activation_bound=activation_bound.size,
        proven_optimal=proven or arena == bound.size,
        method=found.method,
        pinned_by=bound.describe(step_labels),
    )
    return Placement(found.offsets, memory)


def _refine(
    requests: Sequence[Request],
    conflicts: Conflicts,
    start: Assignment,
    goal: Score,
    effort: float,
) -> tuple[Assignment, bool]:
    """The least arena and then the lowest activations that CP-SAT finds from `start`, and whether
    the arena is proven to be minimal."""
    everything = range(len(requests))
    activations = [i for i in everything if not requests[i].is_scratch]
    offsets, proven = start.offsets, False
    for rank, members in enumerate((everything, activations)):
        if score(requests, offsets)[rank] > goal[rank]:
            solution = lower_top(
                requests, conflicts, members, offsets, floor=goal[rank], effort=effort / 2**rank
            )
            offsets = solution.offsets
            proven = proven or (rank == 0 and solution.optimal)
    return (start if offsets == start.offsets else Assignment(offsets, "CP-SAT")), proven
