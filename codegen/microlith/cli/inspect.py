# SPDX-License-Identifier: Apache-2.0
"""`microlith inspect`."""

from __future__ import annotations

import typer

from microlith.cli.options import Json, Model, print_json


def command(model: Model, json: Json = False) -> None:
    """Show what a model contains, and everything in it that cannot be compiled.

    Ends with 2 when something cannot be compiled.
    """
    import microlith

    report = microlith.inspect(model)
    if json:
        print_json(report.to_json())
    else:
        from rich.console import Console

        from microlith.cli.inspect_view import render

        render(report, Console())
    if report.problems:
        raise typer.Exit(2)
