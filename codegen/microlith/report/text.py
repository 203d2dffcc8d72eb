# SPDX-License-Identifier: Apache-2.0
"""Short reports for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from microlith.ir.program import Program

if TYPE_CHECKING:
    from microlith.simulate.run import SimulationResult


def memory_lines(program: Program) -> list[str]:
    """The arena's plan next to its lower bound."""
    memory = program.memory
    gap = memory.arena - memory.bound
    verdict = (
        "the optimum: no plan of these lifetimes needs less"
        if memory.proven_optimal
        else f"{gap:,} above the lower bound"
    )
    return [
        f"arena        {memory.arena:,} bytes; lower bound {memory.bound:,}; {verdict}",
        f"activations  {memory.activations:,} bytes; lower bound {memory.activation_bound:,} "
        "(without kernel scratch)",
        f"pinned by    {memory.pinned_by}",
        f"constants    {program.weights_size:,} bytes",
    ]


def simulation_lines(program: Program, result: SimulationResult) -> list[str]:
    """What a simulation measured."""
    samples = "1 sample" if result.samples == 1 else f"{result.samples} samples"
    lines = [f"{program.name} on {program.target}: {samples}"]
    lines += [f"  {line}" for line in memory_lines(program)]
    lines.append(f"  flash        {figures_line(result.flash)}")
    lines.append(f"  ram          {figures_line(result.ram)}")
    if result.instructions:
        least, most = min(result.instructions), max(result.instructions)
        span = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        lines.append(f"  instructions {span} an inference")
    return lines


def size(number: int) -> str:
    """Bytes in the largest unit that leaves no fraction: `320 KiB`, `1,000 B`."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit:,} {name}"
    return f"{number:,} B"


def figures_line(figures: Mapping[str, int | None]) -> str:
    """`code 1,234, weights 567`; what could not be measured is a dash."""
    return ", ".join(f"{n} {'-' if v is None else format(v, ',')}" for n, v in figures.items())
