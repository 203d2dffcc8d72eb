# SPDX-License-Identifier: Apache-2.0
"""`microlith tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from microlith.cli import options as o

WIDTH = 130
"""Columns of the table: narrower terminals wrap its lines."""


@o.compiling("tuned", "trace", target="cortex-m4")
def command(
    arguments: o.CompileArguments,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the choice goes.")
    ],
    json: o.Json = False,
) -> None:
    """Measure every kernel that can run each op, in the emulator, and keep the best in a file.

    The other verbs take that file as --tuned.
    """
    from microlith.compiler import prepare
    from microlith.report.tuning import render
    from microlith.tuning.measure import tune
    from microlith.tuning.record import write

    tuning = tune(prepare(arguments.model, **arguments.request()), o.say)
    write(tuning, output)
    if json:
        o.print_json(tuning.to_json())
        return
    from rich.console import Console

    render(tuning, Console(width=max(Console().width, WIDTH)))
