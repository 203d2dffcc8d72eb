# SPDX-License-Identifier: Apache-2.0
"""Lifetimes: which bytes must exist when, and which buffers may therefore not share any.

Time is counted in steps. Step -1 is the time before an invoke (inputs are written then), step k the
k-th op executed, and step `len(order)` the time after the invoke (outputs are read then).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from microlith.ir.graph import Subgraph

Lifetime = tuple[int, int]
"""First and last step, both inclusive."""

Conflicts = Sequence[Sequence[int]]
"""For each request the positions of those that it may not share a byte with, ascending."""

BEFORE = -1
"""The time before an invoke."""


@dataclass(frozen=True)
class Request:
    """`size` bytes at a multiple of `alignment`, live from the start of step `first` to the end of
    step `last`. `role` is that of ir.program.Buffer."""

    name: str
    size: int
    alignment: int
    first: int
    last: int
    role: str = "activation"

    def __post_init__(self) -> None:
        assert self.size >= 0, f"{self.name}: size {self.size}"
        assert self.alignment >= 1, f"{self.name}: alignment {self.alignment}"
        assert self.first <= self.last, f"{self.name}: live from {self.first} to {self.last}"

    @property
    def is_scratch(self) -> bool:
        return self.role == "scratch"

    @property
    def steps(self) -> int:
        """Number of steps during which it is live."""
        return self.last - self.first + 1

    def aligned(self, offset: int) -> int:
        """The least legal offset at or above `offset`."""
        return align(offset, self.alignment)


def align(value: int, multiple: int) -> int:
    """`value` rounded up to a multiple of `multiple`."""
    return -(-value // multiple) * multiple


def find_conflicts(requests: Sequence[Request]) -> Conflicts:
    """Which requests live at the same time. Those of no bytes conflict with nobody."""
    found: list[list[int]] = [[] for _ in requests]
    live: list[int] = []
    for i in sorted(range(len(requests)), key=lambda i: requests[i].first):
        if requests[i].size == 0:
            continue
        live = [j for j in live if requests[j].last >= requests[i].first]
        for j in live:
            found[i].append(j)
            found[j].append(i)
        live.append(i)
    return tuple(tuple(sorted(others)) for others in found)


def storage_lifetimes(
    subgraph: Subgraph, order: Sequence[int], *, keep_inputs: bool
) -> dict[int, Lifetime]:
    """Lifetime of every storage root (tensor that owns bytes, see Subgraph.storage) that is not
    constant, when the ops at positions `order` of `subgraph.ops` run one a step.

    Inputs live from -1, and to the end with `keep_inputs`; outputs live to the end, variables all
    the time; what nobody reads lives during its own step.
    """
    end = len(order)
    uses: dict[int, list[int]] = {}

    def use(tensors: Iterable[int], *steps: int) -> None:
        for tensor in tensors:
            if tensor >= 0:
                uses.setdefault(subgraph.storage(tensor), []).extend(steps)

    for step, position in enumerate(order):
        op = subgraph.ops[position]
        use((*op.inputs, *op.outputs), step)
    use(subgraph.inputs, *((BEFORE, end) if keep_inputs else (BEFORE,)))
    use(subgraph.outputs, end)
    use((i for i, t in enumerate(subgraph.tensors) if t.is_variable), BEFORE, end)
    return {
        root: (min(steps), max(steps))
        for root, steps in sorted(uses.items())
        if not subgraph.tensors[root].is_constant
    }


@dataclass(frozen=True)
class Takeover:
    """A kernel's offer: the op of step `step` can write storage `target` over storage `source`,
    because it reads element i of the source before it writes element i of the target."""

    source: int
    target: int
    step: int


def in_place_merges(
    candidates: Sequence[Takeover],
    lifetimes: Mapping[int, Lifetime],
    sizes: Mapping[int, int],
    scratch: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """For every storage of `lifetimes` the storage whose buffer it uses: itself or, where
    `candidates` were taken, the first of its chain.

    A source can be taken over when nothing needs it after that step (so never a kept input, an
    output, a variable or a constant) and it is at least as large as its target. Of several
    candidates the closest in size wins, then the earliest. One that would raise the liveness peak,
    because a large source then lives on for a small target, is left out; `scratch` gives the
    kernels' bytes by step. Lifetimes of merged buffers have no holes.
    """
    roots = {storage: storage for storage in lifetimes}
    last = {storage: lifetime[1] for storage, lifetime in lifetimes.items()}
    used = _bytes_by_step(lifetimes, sizes, scratch or {})
    taken: set[int] = set()

    def growth(offer: Takeover) -> int:
        return sizes[offer.source] - sizes[offer.target]

    offers = [o for o in candidates if _may_take_over(o, lifetimes) and growth(o) >= 0]
    for offer in sorted(offers, key=lambda o: (growth(o), o.step)):
        source, target = offer.source, offer.target
        if source in taken or roots[target] != target:
            continue
        root = roots[source]
        more, later = sizes[root] - sizes[target], range(offer.step + 1, last[target] + 1)
        if more and max((used[step] for step in later), default=0) + more > max(used.values()):
            continue
        used[offer.step] -= sizes[target]
        for step in later:
            used[step] += more
        taken.add(source)
        last[root] = last[target]
        roots = {s: root if r == target else r for s, r in roots.items()}
    return roots


def _may_take_over(offer: Takeover, lifetimes: Mapping[int, Lifetime]) -> bool:
    """Whether the source ends and the target begins in this very step."""
    if offer.source not in lifetimes or offer.target not in lifetimes:
        return False
    first, last = lifetimes[offer.source]
    return first < offer.step == last and lifetimes[offer.target][0] == offer.step


def merge_lifetimes(
    lifetimes: Mapping[int, Lifetime], roots: Mapping[int, int]
) -> dict[int, Lifetime]:
    """Lifetime of each buffer when storages share buffers as `roots` says."""
    merged: dict[int, Lifetime] = {}
    for storage, (first, last) in lifetimes.items():
        known_first, known_last = merged.get(roots[storage], (first, last))
        merged[roots[storage]] = (min(first, known_first), max(last, known_last))
    return merged


def _bytes_by_step(
    lifetimes: Mapping[int, Lifetime], sizes: Mapping[int, int], scratch: Mapping[int, int]
) -> dict[int, int]:
    steps = range(BEFORE, max((last for _, last in lifetimes.values()), default=BEFORE) + 1)
    used = {step: scratch.get(step, 0) for step in steps}
    for storage, (first, last) in lifetimes.items():
        for step in range(first, last + 1):
            used[step] += sizes[storage]
    return used
