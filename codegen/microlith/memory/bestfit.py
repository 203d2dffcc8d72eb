# SPDX-License-Identifier: Apache-2.0
"""Offsets by greedy placement, in several orders.

One buffer after the other takes the lowest gap, or the smallest one that is large enough, among the
buffers placed before it that it conflicts with. Which order is good depends on the graph, so many
are tried. Buffers that stick out of the bound are then moved to the front and placement repeated,
which mends most of what a fixed order gets wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from microlith.memory.lifetimes import Conflicts, Request

Score = tuple[int, int]
"""Bytes of the arena and of its part that is not scratch: less is better, the arena first."""

REPAIRS = 8
"""Placements tried from each order."""

WORK = 8_000_000
"""Conflicts looked at in all placements together, which is a few seconds of one core: a graph of
hundreds of buffers that all live at once is not placed in all orders."""


@dataclass(frozen=True)
class Order:
    """Positions of requests in the order in which `place` takes them, and how it chooses gaps."""

    name: str
    positions: tuple[int, ...]
    tight: bool


@dataclass(frozen=True)
class Assignment:
    """An offset for each request, and how it was found."""

    offsets: tuple[int, ...]
    method: str


def score(requests: Sequence[Request], offsets: Sequence[int]) -> Score:
    """Ends of the last byte, and of the last byte that is not scratch."""
    ends = [(r.is_scratch, offset + r.size) for r, offset in zip(requests, offsets, strict=True)]
    activations = max((end for is_scratch, end in ends if not is_scratch), default=0)
    return max((end for _, end in ends), default=0), activations


def best_fit(requests: Sequence[Request], conflicts: Conflicts, goal: Score) -> Assignment:
    """The best assignment over all orders, as far as WORK allows; stops early at `goal`, which
    cannot be beaten."""
    best: tuple[Score, Assignment] | None = None
    work = 0
    for order in orders(requests):
        for offsets in _repaired(requests, conflicts, order, goal[0]):
            found = score(requests, offsets)
            if best is None or found < best[0]:
                best = found, Assignment(offsets, order.name)
            work += sum(map(len, conflicts))
            if best[0] == goal or work > WORK:
                return best[1]
    assert best is not None
    return best[1]


def place(
    requests: Sequence[Request], conflicts: Conflicts, order: Sequence[int], *, tight: bool
) -> tuple[int, ...]:
    """Offsets when requests are placed in `order`: each in its smallest gap (`tight`) or its lowest
    one."""
    offsets: list[int | None] = [None] * len(requests)
    for i in order:
        occupied = sorted(
            (offset, offset + requests[j].size)
            for j in conflicts[i]
            if (offset := offsets[j]) is not None
        )
        offsets[i] = _gap(requests[i], occupied, tight)
    return tuple(offset or 0 for offset in offsets)


def _gap(request: Request, occupied: Sequence[tuple[int, int]], tight: bool) -> int:
    chosen: int | None = None
    least = 0
    low = 0
    for start, end in occupied:
        offset = request.aligned(low)
        room = start - offset
        if room >= request.size and (chosen is None or room < least):
            chosen, least = offset, room
            if not tight:
                break
        low = max(low, end)
    return request.aligned(low) if chosen is None else chosen


def _repaired(
    requests: Sequence[Request], conflicts: Conflicts, order: Order, goal: int
) -> Iterator[tuple[int, ...]]:
    """Placements in `order` and in what it becomes when buffers that end beyond `goal` are moved to
    the front, as long as that makes new orders."""
    seen: set[tuple[int, ...]] = set()
    positions = order.positions
    while positions not in seen and len(seen) < REPAIRS:
        seen.add(positions)
        offsets = place(requests, conflicts, positions, tight=order.tight)
        yield offsets
        ends = [offset + r.size for offset, r in zip(offsets, requests, strict=True)]
        positions = tuple(i for i in positions if ends[i] > goal) + tuple(
            i for i in positions if ends[i] <= goal
        )


def orders(requests: Sequence[Request]) -> Iterator[Order]:
    """All orders that are tried, none twice."""
    load = {
        step: sum(r.size for r in requests if r.first <= step <= r.last)
        for step in {r.first for r in requests}
    }
    need = [max(n for step, n in load.items() if r.first <= step <= r.last) for r in requests]
    keys: dict[str, Callable[[int], tuple[int, ...]]] = {
        "size": lambda i: (-requests[i].size,),
        "pressure": lambda i: (-need[i], -requests[i].size),
        "area": lambda i: (-requests[i].size * requests[i].steps,),
        "lifetime": lambda i: (-requests[i].steps, -requests[i].size),
        "first use": lambda i: (requests[i].first, -requests[i].size),
        "last use": lambda i: (-requests[i].last, -requests[i].size),
    }
    seen: set[tuple[int, ...]] = set()
    for scratch_last in (True, False):
        for name, key in keys.items():
            positions = tuple(sorted(range(len(requests)), key=key))
            if scratch_last:
                positions = tuple(sorted(positions, key=lambda i: requests[i].is_scratch))
            if positions not in seen:
                seen.add(positions)
                suffix = ", scratch last" if scratch_last else ""
                yield Order(f"best-fit by {name}{suffix}", positions, tight=True)
                yield Order(f"first-fit by {name}{suffix}", positions, tight=False)
