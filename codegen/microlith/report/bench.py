# SPDX-License-Identifier: Apache-2.0
"""Benchmarks as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from microlith.report.text import figures_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from microlith.benchmark import Benchmark


def render(benchmark: Benchmark, console: Console) -> None:
    """The run order, then the summary by operator type, then totals."""
    console.print(f"{benchmark.program.name} on {benchmark.program.target}, run order")
    console.print(_run_order(benchmark))
    console.print("by operator type")
    console.print(_by_type(benchmark))
    macs = sum(op.call.macs for op in benchmark.ops)
    console.print(f"instructions  {benchmark.total:,} an inference, {macs:,} MACs")
    console.print(f"flash         {figures_line(benchmark.flash)}", highlight=False)
    console.print(f"ram           {figures_line(benchmark.ram)}", highlight=False)


def _run_order(benchmark: Benchmark) -> Table:
    table = _table("op", "type", "output", "MACs", "instructions", "per MAC", "share", "kernel")
    for op in benchmark.ops:
        table.add_row(
            str(op.call.op),
            op.call.kind,
            _shape(op.shape),
            f"{op.call.macs:,}",
            f"{op.instructions:,}",
            "" if op.per_mac is None else f"{op.per_mac:.2f}",
            f"{op.instructions / benchmark.total:.1%}",
            op.call.kernel,
        )
    return table


def _by_type(benchmark: Benchmark) -> Table:
    table = _table("type", "count", "MACs", "instructions", "per MAC", "share")
    for kind, count, macs, instructions in benchmark.by_type():
        table.add_row(
            kind,
            str(count),
            f"{macs:,}",
            f"{instructions:,}",
            f"{instructions / macs:.2f}" if macs else "",
            f"{instructions / benchmark.total:.1%}",
        )
    return table


def _shape(shape: Sequence[int]) -> str:
    return "x".join(str(extent) for extent in shape)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        right = column in ("op", "count", "MACs", "instructions", "per MAC", "share")
        table.add_column(column, justify="right" if right else "left", no_wrap=True)
    return table
