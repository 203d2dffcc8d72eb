# SPDX-License-Identifier: Apache-2.0
"""Estimated cycles of a histogram: every block once through a model of the pipeline, times its
executions, plus the jumps out of it.

Blocks are judged one by one: what is still under way at the end of one is taken as done. Memory
answers without wait states; those of the flash are added to every taken jump and to every load of a
constant beside the code: a prefetch buffer is taken to hide all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from microlith.cycles.instruction import Operation, decode
from microlith.cycles.table import TOLERANCE, Cost, CycleTable
from microlith.simulate.histogram import Span
from microlith.simulate.listing import Listing

_ACCESSES = ("load", "store")
_SIMPLE = ("alu", "it", "branch")
_UNKNOWN = Operation("alu", frozenset(), frozenset())


@dataclass(frozen=True)
class Step:
    """An operation, and the bytes of its instruction."""

    operation: Operation
    size: int = 4


@dataclass(frozen=True)
class Estimate:
    """Cycles: the estimate, and the range that published figures suggest. `deviation` is the
    largest from such a figure, as a part of it; None where there is none to compare with."""

    cycles: float
    low: float
    high: float
    deviation: float | None

    @property
    def is_number(self) -> bool:
        """Whether it may be given as one number; otherwise it is a range."""
        return self.deviation is None or self.deviation <= TOLERANCE


def add(parts: Sequence[Estimate]) -> Estimate | None:
    """Estimates of parts of the same core's work, as one; None when there are none."""
    if not parts:
        return None
    return Estimate(
        sum(part.cycles for part in parts),
        sum(part.low for part in parts),
        sum(part.high for part in parts),
        parts[0].deviation,
    )


@dataclass
class _Pipeline:
    """The state between two instructions; times are in cycles since the block began."""

    table: CycleTable
    free: float = 0
    """When the next instruction can issue alone."""

    last: Step | None = None
    last_start: float = 0
    paired: bool = False
    ready: dict[str, float] = field(default_factory=dict)
    units: dict[str, list[float]] = field(default_factory=dict)

    def issue(self, step: Step) -> None:
        operation = step.operation
        cost = self.table.cost(operation.kind)
        needed = self._operands(operation, cost)
        start = self._together(step, cost, needed)
        self.paired = start is not None
        if start is None:
            start = max(self.free, needed, self._unit(cost))
        taken = self._issue_cycles(step, cost)
        self._occupy(cost, start, taken)
        done = start + (taken if cost.latency is None else cost.latency + taken - cost.issue)
        self.ready.update(dict.fromkeys(operation.writes, done))
        self.free = max(self.free, start + taken)
        self.last, self.last_start = step, start

    def _operands(self, operation: Operation, cost: Cost) -> float:
        """When all registers that it reads are there."""
        plain = operation.reads - operation.accumulator
        times = [self.ready.get(name, 0.0) for name in plain]
        late = [self.ready.get(name, 0.0) - cost.late for name in operation.accumulator]
        return max([0.0, *times, *late])

    def _together(self, step: Step, cost: Cost, needed: float) -> float | None:
        """When it issues in the same cycle as the one before; None when it cannot."""
        if self.last is None or self.paired or not self._may_pair(self.last, step):
            return None
        fits = needed <= self.last_start and self._unit(cost) <= self.last_start
        return self.last_start if fits else None

    def _may_pair(self, first: Step, second: Step) -> bool:
        if self.table.pairs == "short":
            kinds = (first.operation.kind, second.operation.kind)
            return first.size == second.size == 2 and any(kind in _SIMPLE for kind in kinds)
        before, after = (self.table.cost(step.operation.kind) for step in (first, second))
        paired = before.unit is not None and after.unit is not None and not before.ends
        return self.table.pairs == "units" and paired

    def _issue_cycles(self, step: Step, cost: Cost) -> float:
        operation = step.operation
        follows = self.last is not None and self.last.operation.kind in _ACCESSES
        if self.table.following_access is not None and follows and operation.kind in _ACCESSES:
            return self.table.following_access
        return cost.issue + cost.each * (operation.transfers - 1)

    def _unit(self, cost: Cost) -> float:
        """When the unit, or one of them, is free."""
        return 0.0 if cost.unit is None else min(self._slots(cost.unit))

    def _occupy(self, cost: Cost, start: float, taken: float) -> None:
        if cost.unit is not None:
            slots = self._slots(cost.unit)
            busy = taken if cost.busy is None else cost.busy + taken - cost.issue
            slots[slots.index(min(slots))] = start + busy

    def _slots(self, unit: str) -> list[float]:
        return self.units.setdefault(unit, [0.0] * self.table.units.get(unit, 1))


def block_cycles(steps: Sequence[Step], table: CycleTable) -> float:
    """Cycles of one execution of `steps`, in order, without the jump at the end."""
    pipeline = _Pipeline(table)
    for step in steps:
        pipeline.issue(step)
    return pipeline.free


def estimate(span: Span, listing: Listing, table: CycleTable, *, wait_states: int = 0) -> Estimate:
    """Cycles of all blocks of a span."""
    cycles = 0.0
    for block in span:
        steps = [_step(listing, address) for address in block.addresses]
        literals = sum(step.operation.from_code for step in steps)
        each = block_cycles(steps, table) + wait_states * literals
        jump = table.cost(steps[-1].operation.kind).jump
        cycles += block.executions * each
        cycles += block.jumps * ((table.jump if jump is None else jump) + wait_states)
    low, high = table.span or (1.0, 1.0)
    return Estimate(cycles, cycles * min(low, 1.0), cycles * max(high, 1.0), table.deviation)


def _step(listing: Listing, address: int) -> Step:
    found = listing.instructions.get(address)
    if found is None:
        return Step(_UNKNOWN)
    return Step(decode(found.mnemonic, found.operands), found.size)
