# SPDX-License-Identifier: Apache-2.0
"""Benchmarks as JSON: docs/bench.md has the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from microlith.report.cost import energy, milliseconds

if TYPE_CHECKING:
    from microlith.benchmark import Benchmark, Group, OpProfile
    from microlith.cycles.estimate import Estimate


def to_json(benchmark: Benchmark) -> dict[str, Any]:
    """The object that `microlith bench --json` prints."""
    return {
        "target": benchmark.program.target,
        "board": None if benchmark.board is None else benchmark.board.name,
        "model": benchmark.program.model_name,
        "kernels": benchmark.program.kernels,
        "ops": [_op(op) for op in benchmark.ops],
        "by_type": [_group(group) for group in benchmark.by_type()],
        "by_function": _counts("function", benchmark.functions),
        "by_class": _counts("class", benchmark.classes),
        "totals": _totals(benchmark),
    }


def _op(op: OpProfile) -> dict[str, Any]:
    counted = {} if op.measured is None else {"cycles": op.measured}
    return {
        "index": op.call.op,
        "name": op.call.label,
        "type": op.call.kind,
        "shape": list(op.call.shape),
        "macs": op.call.macs,
        "instructions": op.instructions,
        "cycles_estimated": _cycles(op.cycles),
        **counted,
        "kernel": op.call.kernel,
        "reason": op.call.reason,
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "type": group.type,
        "count": len(group.ops),
        "macs": group.macs,
        "instructions": group.instructions,
        "cycles_estimated": _cycles(group.cycles),
    }


def _totals(benchmark: Benchmark) -> dict[str, Any]:
    return {
        "instructions": benchmark.total,
        "cycles_estimated": _cycles(benchmark.cycles),
        "cycles": benchmark.measured,
        "wait_states": benchmark.wait_states,
        "clock": benchmark.clock or None,
        "milliseconds_estimated": _span(milliseconds(benchmark.cycles, benchmark.clock)),
        "microjoules_estimated": _span(energy(benchmark.cycles, benchmark.board)),
        "macs": benchmark.macs,
        "flash": dict(benchmark.flash),
        "ram": dict(benchmark.ram),
        "stack_bound": benchmark.stack_bound,
        "arena_bound": benchmark.program.memory.bound,
    }


def _cycles(cycles: Estimate | None) -> int | list[int] | None:
    """One number, or [least, most] where published figures are too far from the estimate."""
    if cycles is None:
        return None
    return round(cycles.cycles) if cycles.is_number else [round(cycles.low), round(cycles.high)]


def _span(span: tuple[float, ...] | None) -> float | list[float] | None:
    if span is None:
        return None
    rounded = [float(f"{value:.6g}") for value in span]
    return rounded if len(rounded) > 1 else rounded[0]


def _counts(key: str, counts: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{key: name, "instructions": count} for name, count in counts]
