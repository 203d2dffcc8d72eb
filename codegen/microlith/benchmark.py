# SPDX-License-Identifier: Apache-2.0
"""`bench`: exact instructions of every op of a model, from the real firmware under the emulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from microlith.errors import ToolError
from microlith.execute import simulate
from microlith.ir.program import Call, Program
from microlith.verify.inputs import random_inputs


@dataclass(frozen=True)
class OpProfile:
    """What one op took. `instructions` of all its steps, the interpreter's share included."""

    call: Call
    shape: tuple[int, ...]
    instructions: int

    @property
    def per_mac(self) -> float | None:
        """Instructions a multiply-accumulate, or None for an op without any."""
        return self.instructions / self.call.macs if self.call.macs else None


@dataclass(frozen=True)
class Benchmark:
    """Ops in the order in which they run; `total` is the instructions of a whole invoke."""

    program: Program
    ops: tuple[OpProfile, ...]
    total: int
    flash: Mapping[str, int | None]
    ram: Mapping[str, int | None]

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
        """The object that `microlith bench --json` prints."""
        return {
            "target": self.program.target,
            "model": self.program.model_name,
            "ops": [
                {
                    "index": op.call.op,
                    "name": op.call.name,
                    "type": op.call.kind,
                    "shape": list(op.shape),
                    "macs": op.call.macs,
                    "instructions": op.instructions,
                    "kernel": op.call.kernel,
                    "reason": op.call.reason,
                }
                for op in self.ops
            ],
            "by_type": [
                {"type": kind, "count": count, "macs": macs, "instructions": instructions}
                for kind, count, macs, instructions in self.by_type()
            ],
            "totals": {
                "instructions": self.total,
                "macs": sum(op.call.macs for op in self.ops),
                "flash": dict(self.flash),
                "ram": dict(self.ram),
            },
        }


def benchmark(program: Program, *, seed: int = 0) -> Benchmark:
    """Runs one seeded random sample twice: as a whole, and step by step.

    Raises ToolError when the target has no emulator that counts instructions.
    """
    inputs = random_inputs(program.inputs, 1, seed)
    whole = simulate(program, inputs)
    steps = simulate(program, inputs, profile=True).steps
    if whole.instructions is None or steps is None:
        raise ToolError(
            f"instructions cannot be counted on {program.target}",
            where="--target",
            fix="choose an emulated target (see `microlith targets`)",
        )
    return Benchmark(
        program=program,
        ops=_profiles(program, steps[0]),
        total=whole.instructions[0],
        flash=whole.flash,
        ram=whole.ram,
    )


def _profiles(program: Program, counts: Sequence[int]) -> tuple[OpProfile, ...]:
    spent = [0] * len(program.calls)
    for step, count in zip(program.steps, counts, strict=True):
        spent[step.call] += count
    return tuple(
        OpProfile(call, call.shape, instructions)
        for call, instructions in zip(program.calls, spent, strict=True)
    )
