# SPDX-License-Identifier: Apache-2.0
"""`bench`: exact instructions of every op of a model, from the real firmware under the emulator,
and the cycles that they are estimated to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from microlith.cycles import table
from microlith.cycles.estimate import Estimate, estimate
from microlith.cycles.instruction import kind
from microlith.errors import ToolError
from microlith.execute import simulate
from microlith.ir.program import Call, Program
from microlith.simulate import histogram, stack_bound
from microlith.simulate.histogram import Histogram, Span
from microlith.simulate.listing import Listing
from microlith.verify.inputs import random_inputs

_DISPATCHER = "mr_run_step"
"""The function of the runtime that calls kernels."""


@dataclass(frozen=True)
class OpProfile:
    """What one op took. `instructions` of all its steps, the interpreter's share included;
    `cycles` is None where there is no cost table of the core."""

    call: Call
    instructions: int
    cycles: Estimate | None = None

    @property
    def per_mac(self) -> float | None:
        """Instructions a multiply-accumulate, or None for an op without any."""
        return self.instructions / self.call.macs if self.call.macs else None


@dataclass(frozen=True)
class Benchmark:
    """Ops in the order in which they run; `total` and `cycles` are those of a whole invoke.

    `functions` and `classes` are (name, instructions) of an invoke, the most first; `stack_bound`
    is the most stack that an invoke can take, in bytes, or None where the code does not tell. The
    latter two are known for cores with a cost table only.
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

    @property
    def macs(self) -> int:
        """Multiply-accumulates of an invoke."""
        return sum(op.call.macs for op in self.ops)

    def by_type(self) -> list[tuple[str, int, int, int]]:
        """(operator, count, MACs, instructions), the most expensive first."""
        kinds: dict[str, list[OpProfile]] = {}
        for op in self.ops:
            kinds.setdefault(op.call.kind, []).append(op)
        rows = [
            (kind, len(ops), sum(o.call.macs for o in ops), sum(o.instructions for o in ops))
            for kind, ops in kinds.items()
        ]
        return sorted(rows, key=lambda row: -row[3])

    def to_json(self) -> dict[str, Any]:
        """The object that `microlith bench --json` prints; see docs/bench.md."""
        return {
            "target": self.program.target,
            "model": self.program.model_name,
            "kernels": self.program.kernels,
            "ops": [_op_json(op) for op in self.ops],
            "by_type": [
                {"type": kind, "count": count, "macs": macs, "instructions": instructions}
                for kind, count, macs, instructions in self.by_type()
            ],
            "by_function": _counts_json("function", self.functions),
            "by_class": _counts_json("class", self.classes),
            "totals": {
                "instructions": self.total,
                "cycles_estimated": _cycles_json(self.cycles),
                "wait_states": self.wait_states,
                "macs": self.macs,
                "flash": dict(self.flash),
                "ram": dict(self.ram),
                "stack_bound": self.stack_bound,
                "arena_bound": self.program.memory.bound,
            },
        }


def benchmark(program: Program, *, seed: int = 0, wait_states: int = 0) -> Benchmark:
    """Runs one seeded random sample twice: as a whole, and step by step.

    `wait_states` are those of the flash, in cycles; they count for estimated cycles only. Raises
    ToolError when the target has no emulator that counts instructions.
    """
    inputs = random_inputs(program.inputs, 1, seed)
    whole = simulate(program, inputs, histogram=True)
    if whole.instructions is None or whole.histogram is None:
        raise _uncounted(program)
    listing = whole.histogram.listing
    (invoke,) = whole.histogram.spans
    costs = table.for_target(program.target)
    return Benchmark(
        program=program,
        ops=profile(program, seed=seed, wait_states=wait_states),
        total=whole.instructions[0],
        cycles=_estimate(program, invoke, whole.histogram, wait_states),
        wait_states=wait_states,
        functions=tuple(histogram.by_function(invoke, listing)),
        classes=tuple(histogram.by_class(invoke, listing, kind)) if costs else (),
        flash=whole.flash,
        ram=whole.ram,
        stack_bound=_stack_bound(program, listing) if costs else None,
    )


def _stack_bound(program: Program, listing: Listing) -> int | None:
    kernels = {call.function for call in program.calls}
    return stack_bound.bound(listing, f"{program.name}_invoke", kernels, _DISPATCHER)


def _uncounted(program: Program) -> ToolError:
    return ToolError(
        f"instructions cannot be counted on {program.target}",
        where="--target",
        fix="choose an emulated target (see `microlith targets`)",
    )


def profile(program: Program, *, seed: int = 0, wait_states: int = 0) -> tuple[OpProfile, ...]:
    """Every op of one seeded random sample, run step by step; raises as benchmark() does."""
    inputs = random_inputs(program.inputs, 1, seed)
    steps = simulate(program, inputs, profile=True, histogram=True).histogram
    if steps is None:
        raise _uncounted(program)
    calls = [step.call for step in program.steps]
    spans = histogram.per_call(steps.spans, calls, len(program.calls))
    return tuple(
        OpProfile(call, histogram.total(span), _estimate(program, span, steps, wait_states))
        for call, span in zip(program.calls, spans, strict=True)
    )


def _estimate(
    program: Program, span: Span, counted: Histogram, wait_states: int
) -> Estimate | None:
    costs = table.for_target(program.target)
    if costs is None:
        return None
    return estimate(span, counted.listing, costs, wait_states=wait_states)


def _op_json(op: OpProfile) -> dict[str, Any]:
    return {
        "index": op.call.op,
        "name": op.call.name,
        "type": op.call.kind,
        "shape": list(op.call.shape),
        "macs": op.call.macs,
        "instructions": op.instructions,
        "cycles_estimated": _cycles_json(op.cycles),
        "kernel": op.call.kernel,
        "reason": op.call.reason,
    }


def _cycles_json(cycles: Estimate | None) -> int | list[int] | None:
    """One number, or [least, most] where published figures are too far from the estimate."""
    if cycles is None:
        return None
    return round(cycles.cycles) if cycles.is_number else [round(cycles.low), round(cycles.high)]


def _counts_json(key: str, counts: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{key: name, "instructions": count} for name, count in counts]
