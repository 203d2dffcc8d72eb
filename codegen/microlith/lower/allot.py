# SPDX-License-Identifier: Apache-2.0
"""Which kernel runs each op: the fewest instructions whose constants fit an allowance of flash.

A multiple-choice knapsack, solved by the greedy rule: every op starts with its smallest constants;
then the step to a larger and faster kernel that saves most instructions a byte is taken as long as
any fits. Steps run along the lower convex hull of an op's kernels, so that each saves less a byte
than the one before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf

from microlith.errors import OptionError
from microlith.lower.options import Fixed
from microlith.lower.select import Candidate, Candidates


@dataclass(frozen=True, eq=False)
class Choice:
    """The kernel for one op and why it was taken."""

    candidate: Candidate
    reason: str


@dataclass(frozen=True)
class _Step:
    """Op `op` goes to the kernel at `to` of its hull, for `extra` bytes more."""

    op: int
    to: int
    extra: int
    saved: float

    @property
    def worth(self) -> float:
        """Instructions saved a byte."""
        return self.saved / self.extra


def allot(ops: Sequence[Candidates], allowance: int | None) -> list[Choice]:
    """A choice for each op. `allowance` is the number of bytes that all constants may take, None
    for any; where even the smallest do not fit, these are taken."""
    hulls = [_hull(op.legal) for op in ops]
    at = [0] * len(ops) if allowance is not None else [len(hull) - 1 for hull in hulls]
    if allowance is not None:
        for step in sorted(_steps(hulls), key=lambda step: (-step.worth, step.op, step.to)):
            if step.to == at[step.op] + 1:
                taken = [*at[: step.op], step.to, *at[step.op + 1 :]]
                if _stored(hull[i] for hull, i in zip(hulls, taken, strict=True)) <= allowance:
                    at = taken
    return [
        Choice(hull[i], _reason(hull[i], op)) for hull, i, op in zip(hulls, at, ops, strict=True)
    ]


def _stored(chosen: Iterable[Candidate]) -> int:
    """Bytes of constants of all kernels. Those that repeat one value, rows of padding, share the
    longest of their kind (see ConstantPool)."""
    total = 0
    longest: dict[bytes, int] = {}
    for candidate in chosen:
        repeated = _repeated(candidate)
        total += candidate.constant_bytes - sum(repeated.values())
        for value, length in repeated.items():
            longest[value] = max(longest.get(value, 0), length)
    return total + sum(longest.values())


@lru_cache(maxsize=256)
def _repeated(candidate: Candidate) -> dict[bytes, int]:
    """Bytes of the longest constant that repeats each value."""
    found: dict[bytes, int] = {}
    for constant in candidate.lowering.constants:
        raw = constant.values.tobytes()
        value = raw[: constant.values.itemsize]
        if len(raw) > len(value) and raw == value * constant.values.size:
            found[value] = max(found.get(value, 0), len(raw))
    return found


def as_fixed(ops: Sequence[Candidates], fixed: Fixed) -> list[Choice]:
    """The choices that were made before; OptionError when one of them is not possible now."""
    return [_as_fixed(op, fixed) for op in ops]


def _as_fixed(op: Candidates, fixed: Fixed) -> Choice:
    wanted = fixed.kernels.get(op.op.op.index)
    for candidate in op.legal:
        if candidate.kernel.name == wanted:
            return Choice(candidate, fixed.reason)
    raise OptionError(
        f"{wanted or 'no kernel'} is chosen for it, but "
        f"{', '.join(c.kernel.name for c in op.legal)} can run it",
        where=f"{op.op.op.label}, {fixed.reason}",
        fix="measure again with the options of now (microlith tune)",
    )


def _hull(legal: Sequence[Candidate]) -> list[Candidate]:
    """Kernels worth taking, by growing constants: each takes fewer instructions than all smaller
    ones, and no more cycles, and the instructions saved a byte shrink from step to step."""
    hull: list[Candidate] = []
    cycles = inf
    for candidate in sorted(legal, key=lambda c: (c.constant_bytes, c.cost)):
        if hull and (candidate.cost >= hull[-1].cost or candidate.cycles > cycles):
            continue
        cycles = min(cycles, candidate.cycles)
        while len(hull) > 1 and _worth(hull[-2], hull[-1]) <= _worth(hull[-1], candidate):
            hull.pop()
        if hull and candidate.constant_bytes == hull[-1].constant_bytes:
            hull.pop()
        hull.append(candidate)
    return hull


def _worth(small: Candidate, large: Candidate) -> float:
    extra = large.constant_bytes - small.constant_bytes
    return (small.cost - large.cost) / extra if extra else float("inf")


def _steps(hulls: Sequence[Sequence[Candidate]]) -> list[_Step]:
    return [
        _Step(op, to + 1, large.constant_bytes - small.constant_bytes, small.cost - large.cost)
        for op, hull in enumerate(hulls)
        for to, (small, large) in enumerate(pairwise(hull))
    ]


def _reason(chosen: Candidate, op: Candidates) -> str:
    if op.passed_over and op.passed_over != chosen.kernel.backend:
        why = "; ".join(f"{name} {reason}" for name, reason in op.against.items())
        return f"{op.passed_over} has none for it" + (f": {why}" if why else "")
    if len(op.legal) == 1:
        return "the only kernel for it"
    others = ", ".join(
        f"{c.kernel.name} {c.cost:,.0f} and {c.constant_bytes:,} bytes"
        for c in op.legal
        if c is not chosen
    )
    kind = "cheapest" if chosen is op.legal[0] else "cheapest whose constants fit"
    return (
        f"{kind}: about {chosen.cost:,.0f} instructions, {chosen.constant_bytes:,} bytes ({others})"
    )
