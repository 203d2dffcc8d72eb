# SPDX-License-Identifier: Apache-2.0
"""`microlith boards`."""

from __future__ import annotations

from typing import Annotated

import typer

from microlith.cli.options import Json, print_json


def command(
    filter: Annotated[
        str,
        typer.Option("--filter", metavar="TEXT", help="Only boards whose id, chip or core has it."),
    ] = "",
    json: Json = False,
) -> None:
    """List the boards that firmware can be generated for."""
    from microlith.errors import OptionError
    from microlith.report.boards import board_json, board_lines
    from microlith.targets import boards

    found = boards.find(filter)
    if not found:
        raise OptionError(f"no board has {filter!r}", where="--filter", fix="try a shorter text")
    if json:
        print_json({"boards": [board_json(board) for board in found]})
        return
    for line in board_lines(found):
        typer.echo(line)
