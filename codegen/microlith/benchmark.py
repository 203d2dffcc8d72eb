# SPDX-License-Identifier: Apache-2.0
"""`bench`: exact instructions of every op of a model, from the real firmware under the emulator,
and the cycles that they are estimated to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from microlith.cycles import table
from microlith.cycles.estimate import Estimate, add, estimate
from microlith.cycles.instruction import kind
from microlith.cycles.table import CycleTable
from microlith.errors import ToolError
from microlith.execute import simulate
from microlith.ir.program import Call, Program
from microlith.simulate import histogram, stack_bound
from microlith.simulate.histogram import Histogram, Span
from microlith.simulate.listing import Listing
from microlith.simulate.remote import CycleCounts
from microlith.targets.boards import Board
from microlith.verify.inputs import random_inputs

_DISPATCHER = "mr_run_step"
"""The function of the runtime that calls kernels."""


@dataclass(frozen=True)
class OpProfile:
    """What one op took. `instructions` of all its steps, the interpreter's share included;
    `cycles` is None where there is no cost table of the core, `measured` are those that a board
    counted."""

    call: Call
    instructions: int
    cycles: Estimate | None = None
    measured: int | None = None

    @property
    def per_mac(self) -> float | None:
        """Instructions a multiply-accumulate, or None for an op without any."""
        return self.instructions / self.call.macs if self.call.macs else None


@dataclass(frozen=True)
class Group:
    """All ops of one operator, `type`."""

    type: str
    ops: tuple[OpProfile, ...]

    @property
    def macs(self) -> int:
        return sum(op.call.macs for op in self.ops)

    @property
    def instructions(self) -> int:
        return sum(op.instructions for op in self.ops)

    @property
    def cycles(self) -> Estimate | None:
        return add([op.cycles for op in self.ops if op.cycles is not None])


@dataclass(frozen=True)
class Benchmark:
    """Ops in the order in which they run; `total` and `cycles` are those of a whole invoke.

    `functions` and `classes` are (name, instructions) of an invoke, the most first; `stack_bound`
    is the most stack that an invoke can take, in bytes, or None where the code does not tell. The
    latter two are known for cores with a cost table only. `board` is the one that it is for;
    `hertz` the clock of a board that counted cycles itself.
    """

    program: Program
    ops: tuple[OpProfile, ...]
    total: int
    cycles: Estimate | None
    wait_states: int
    functions: tuple[tuple[str, int], ...]
    classes: tuple[tuple[str, int], ...]
    flash: Mapping[str, int | None]
    ram: Mapping[str, int | None]
    stack_bound: int | None
    board: Board | None = None
    hertz: int | None = None

    @property
    def measured(self) -> int | None:
        """Cycles of an invoke that the board counted."""
        counts = [op.measured for op in self.ops if op.measured is not None]
        return sum(counts) if counts else None

    @property
    def clock(self) -> int:
        """Of the core, in Hz, by which cycles become time; 0 where it is not known."""
        return self.hertz or (0 if self.board is None else self.board.clock)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an invoke."""
        return sum(op.call.macs for op in self.ops)

    def by_type(self) -> list[Group]:
        """Ops of the same operator, the most expensive first."""
        kinds: dict[str, list[OpProfile]] = {}
        for op in self.ops:
            kinds.setdefault(op.call.kind, []).append(op)
        groups = [Group(kind, tuple(ops)) for kind, ops in kinds.items()]
        return sorted(groups, key=lambda group: -group.instructions)


def benchmark(
    program: Program, *, seed: int = 0, wait_states: int | None = None, board: Board | None = None
) -> Benchmark:
    """Runs one seeded random sample twice: as a whole, and step by step.

    `wait_states` are those of the flash, in cycles; they count for estimated cycles only. By
    default they are the board's, unless its core has caches. Raises ToolError when the target has
    no emulator that counts instructions.
    """
    inputs = random_inputs(program.inputs, 1, seed)
    whole = simulate(program, inputs, histogram=True)
    if whole.instructions is None or whole.histogram is None:
        raise _uncounted(program)
    listing = whole.histogram.listing
    (invoke,) = whole.histogram.spans
    costs = table.for_board(board, program.target)
    states = _wait_states(board, costs) if wait_states is None else wait_states
    return Benchmark(
        program=program,
        ops=profile(program, seed=seed, wait_states=states, board=board),
        total=whole.instructions[0],
        cycles=_estimate(costs, invoke, whole.histogram, states),
        wait_states=states,
        functions=tuple(histogram.by_function(invoke, listing)),
        classes=tuple(histogram.by_class(invoke, listing, kind)) if costs else (),
        flash=whole.flash,
        ram=whole.ram,
        stack_bound=_stack_bound(program, listing) if costs else None,
        board=board,
    )


def with_cycles_of_board(result: Benchmark, counts: CycleCounts) -> Benchmark:
    """The same with what a board counted of the same program: of several samples, the median."""
    program = result.program
    totals = [[0] * len(counts.samples) for _ in program.calls]
    for sample, steps in enumerate(counts.samples):
        for step, cycles in zip(program.steps, steps, strict=True):
            totals[step.call][sample] += cycles
    ops = tuple(
        replace(op, measured=round(median(each)))
        for op, each in zip(result.ops, totals, strict=True)
    )
    return replace(result, ops=ops, hertz=counts.hertz)


def _stack_bound(program: Program, listing: Listing) -> int | None:
    kernels = {call.function for call in program.calls}
    return stack_bound.bound(listing, f"{program.name}_invoke", kernels, _DISPATCHER)


def _uncounted(program: Program) -> ToolError:
    return ToolError(
        f"instructions cannot be counted on {program.target}",
        where="--target",
        fix="choose an emulated target (see `microlith targets`)",
    )


def profile(
    program: Program, *, seed: int = 0, wait_states: int = 0, board: Board | None = None
) -> tuple[OpProfile, ...]:
    """Every op of one seeded random sample, run step by step; raises as benchmark() does."""
    inputs = random_inputs(program.inputs, 1, seed)
    steps = simulate(program, inputs, profile=True, histogram=True).histogram
    if steps is None:
        raise _uncounted(program)
    costs = table.for_board(board, program.target)
    calls = [step.call for step in program.steps]
    spans = histogram.per_call(steps.spans, calls, len(program.calls))
    return tuple(
        OpProfile(call, histogram.total(span), _estimate(costs, span, steps, wait_states))
        for call, span in zip(program.calls, spans, strict=True)
    )


def _wait_states(board: Board | None, costs: CycleTable | None) -> int:
    if board is None or costs is None or costs.caches:
        return 0
    return board.wait_states


def _estimate(
    costs: CycleTable | None, span: Span, counted: Histogram, wait_states: int
) -> Estimate | None:
    if costs is None:
        return None
    return estimate(span, counted.listing, costs, wait_states=wait_states)
