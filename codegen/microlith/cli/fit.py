# SPDX-License-Identifier: Apache-2.0
"""`microlith fit`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from microlith.cli import options as o
from microlith.cli.progress import progress


@o.compiling("target", "trace", "tuned")
def command(
    arguments: o.CompileArguments,
    filter: Annotated[
        str, typer.Option("--filter", metavar="TEXT", help="Only boards of `boards --filter`.")
    ] = "",
    json: o.Json = False,
) -> None:
    """Tell for every board whether the model fits its flash and RAM, and what pins it if not."""
    from microlith.errors import OptionError
    from microlith.fitting import fit
    from microlith.report.boards import fit_lines
    from microlith.targets import boards

    chosen = boards.find(filter)
    if not chosen:
        raise OptionError(f"no board has {filter!r}", where="--filter", fix="try a shorter text")
    with progress(f"Measuring {arguments.model.name} on every target"):
        found = fit(lambda target: replace(arguments, target=target).compile(), chosen)
    if json:
        o.print_json({"model": arguments.model.name, "boards": [each.to_json() for each in found]})
        return
    for line in fit_lines(found):
        typer.echo(line)
