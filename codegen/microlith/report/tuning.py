# SPDX-License-Identifier: Apache-2.0
"""What `tune` measured, as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from microlith.tuning.record import Tuning


def render(tuning: Tuning, console: Console) -> None:
    """Every candidate of every op; the chosen ones are marked."""
    console.print(f"{tuning.model} on {tuning.target}, {tuning.compiler}", highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("op", "type", "", "kernel"):
        table.add_column(column, no_wrap=True)
    for column in ("bytes", "estimate", "instructions", "error", "cycles est."):
        table.add_column(column, justify="right", no_wrap=True)
    for op in tuning.ops:
        for each in op.candidates:
            first = each is op.candidates[0]
            cycles = each.cycles_estimated
            table.add_row(
                str(op.op) if first else "",
                op.type if first else "",
                "*" if each.kernel == op.kernel else "",
                each.kernel,
                f"{each.bytes:,}",
                f"{each.estimate:,}",
                f"{each.instructions:,}",
                f"{each.error:+.1%}",
                "-" if cycles is None else f"{cycles:,}",
            )
    console.print(table)
