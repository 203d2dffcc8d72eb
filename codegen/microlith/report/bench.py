# SPDX-License-Identifier: Apache-2.0
"""Benchmarks as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from microlith.report.cost import ends, energy, milliseconds
from microlith.report.text import figures_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from microlith.benchmark import Benchmark, OpProfile
    from microlith.cycles.estimate import Estimate
    from microlith.ir.program import Call

_LEFT = ("name", "type", "output", "kernel", "why", "function", "class")
_NAME = 24
"""Characters of a layer's name."""

_SHARE = 0.01
"""Functions and classes with less of the instructions are not listed."""


def render(benchmark: Benchmark, console: Console) -> None:
    """The run order, then summaries by operator type, function and class, then totals."""
    title = f"{benchmark.program.name} on {benchmark.program.target}"
    console.print(f"{title}, run order")
    console.print(_run_order(benchmark))
    console.print("kernels, and why")
    console.print(_choices(benchmark))
    console.print("by operator type")
    console.print(_by_type(benchmark))
    console.print("by function")
    console.print(_counts(benchmark.functions, benchmark.total, "function"))
    if benchmark.classes:
        console.print("by class of instruction")
        console.print(_counts(benchmark.classes, benchmark.total, "class"))
    for line in _totals(benchmark):
        console.print(line, highlight=False, soft_wrap=True)


def render_comparison(benchmarks: Sequence[Benchmark], console: Console) -> None:
    """Kernel choices side by side: instructions of every op and its kernel, then totals."""
    names = [benchmark.program.kernels for benchmark in benchmarks]
    first = benchmarks[0]
    console.print(f"{first.program.name} on {first.program.target}, instructions")
    table = _table("op", "type", "output", *(part for name in names for part in (name, "kernel")))
    for call in first.program.calls:
        table.add_row(*_place(call), *(cell for b in benchmarks for cell in _chosen(b, call.op)))
    table.add_section()
    for label, values in _comparison_totals(benchmarks):
        table.add_row("", label, "", *(cell for value in values for cell in (value, "")))
    console.print(table)


def _comparison_totals(benchmarks: Sequence[Benchmark]) -> list[tuple[str, list[str]]]:
    return [
        ("instructions", [f"{b.total:,}" for b in benchmarks]),
        ("cycles, estimated", [cycles_text(b.cycles) for b in benchmarks]),
        ("code, bytes", [_figure(b.flash["code"]) for b in benchmarks]),
        ("constants, bytes", [_figure(b.flash["weights"]) for b in benchmarks]),
        ("arena, bytes", [_figure(b.ram["arena"]) for b in benchmarks]),
    ]


def _chosen(benchmark: Benchmark, op: int) -> tuple[str, str]:
    """Instructions and kernel of an op; passes are the same in all, so it is in each."""
    for profile in benchmark.ops:
        if profile.call.op == op:
            return f"{profile.instructions:,}", profile.call.kernel
    return "", ""


def _run_order(benchmark: Benchmark) -> Table:
    columns = ["op", "name", "type", "output", "MACs", "instructions", "per MAC", "cycles est."]
    counted = benchmark.measured is not None
    table = _table(*columns, *["cycles"] * counted, "share", "kernel")
    for op in benchmark.ops:
        table.add_row(
            str(op.call.op),
            _short(op.call.label),
            *_place(op.call)[1:],
            f"{op.call.macs:,}",
            f"{op.instructions:,}",
            "" if op.per_mac is None else f"{op.per_mac:.2f}",
            cycles_text(op.cycles),
            *[_figure(op.measured)] * counted,
            f"{_share(op, benchmark):.1%}",
            op.call.kernel,
        )
    return table


def _share(op: OpProfile, benchmark: Benchmark) -> float:
    """Of the cycles that a board counted, or of the instructions."""
    if op.measured is not None and benchmark.measured:
        return op.measured / benchmark.measured
    return op.instructions / benchmark.total


def _short(name: str) -> str:
    """The end of a long name, which tells layers apart."""
    return name if len(name) <= _NAME else f"..{name[2 - _NAME :]}"


def _place(call: Call) -> tuple[str, str, str]:
    return str(call.op), call.kind, "x".join(str(extent) for extent in call.shape)


def _choices(benchmark: Benchmark) -> Table:
    table = _table("op", "kernel")
    table.add_column("why", overflow="fold")
    for op in benchmark.ops:
        table.add_row(str(op.call.op), op.call.kernel, op.call.reason)
    return table


def _by_type(benchmark: Benchmark) -> Table:
    table = _table("type", "count", "MACs", "instructions", "per MAC", "cycles est.", "share")
    for group in benchmark.by_type():
        table.add_row(
            group.type,
            str(len(group.ops)),
            f"{group.macs:,}",
            f"{group.instructions:,}",
            f"{group.instructions / group.macs:.2f}" if group.macs else "",
            cycles_text(group.cycles),
            f"{group.instructions / benchmark.total:.1%}",
        )
    return table


def _counts(counts: Sequence[tuple[str, int]], total: int, of: str) -> Table:
    table = _table(of, "instructions", "share")
    for name, count in counts:
        if count >= _SHARE * total:
            table.add_row(name, f"{count:,}", f"{count / total:.1%}")
    return table


def _totals(benchmark: Benchmark) -> list[str]:
    lines = [f"instructions  {benchmark.total:,} an inference, {benchmark.macs:,} MACs"]
    if benchmark.cycles is not None:
        lines.append(f"cycles        {cycles_text(benchmark.cycles)}, {_trust(benchmark)}")
    lines += _times(benchmark)
    lines.append(f"flash         {figures_line(benchmark.flash)}")
    lines.append(f"ram           {figures_line(benchmark.ram)}")
    if benchmark.stack_bound is not None:
        lines.append(f"stack         at most {benchmark.stack_bound:,}, from frames and calls")
    return lines


def _times(benchmark: Benchmark) -> list[str]:
    """Time and energy at the board's clock; cycles and time that it counted itself."""
    lines = []
    megahertz = f"{benchmark.clock / 1e6:g} MHz"
    time = milliseconds(benchmark.cycles, benchmark.clock)
    if time is not None:
        lines.append(f"time          {_span(time)} ms at {megahertz}, estimated")
    board = benchmark.board
    joules = energy(benchmark.cycles, board)
    if joules is not None and board is not None:
        current = f"{board.microamps_per_mhz:g} uA/MHz and {board.volts:g} V"
        lines.append(f"energy        {_span(joules)} uJ of the core at {current}, estimated")
    counted = benchmark.measured
    if counted is not None and board is not None:
        took = f"{1e3 * counted / benchmark.clock:,.3g} ms at {megahertz}"
        lines.append(f"on the board  {counted:,} cycles, {took}, counted by {board.name}")
    return lines


def _span(values: Sequence[float]) -> str:
    return " to ".join(f"{value:,.3g}" for value in values)


def _trust(benchmark: Benchmark) -> str:
    """How far the estimate can be relied on."""
    assert benchmark.cycles is not None
    deviation = benchmark.cycles.deviation
    memory = f"estimated for {benchmark.wait_states} wait states of the flash"
    if deviation is None:
        return f"{memory}; compared with no published figure"
    return f"{memory}; off by up to {deviation:.0%} from published figures (docs/bench.md)"


def cycles_text(cycles: Estimate | None) -> str:
    """An estimate as a number, or as a range where it cannot be trusted that far."""
    return "-" if cycles is None else " to ".join(f"{end:,.0f}" for end in ends(cycles))


def _figure(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column in _LEFT else "right", no_wrap=True)
    return table
