# SPDX-License-Identifier: Apache-2.0
"""`microlith add`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from microlith.cli.options import say


def command(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A project of yours: PlatformIO's or CMake's.")
    ] = Path(),
) -> None:
    """Install the script that compiles the models of an existing project when it is built."""
    from microlith.install import add_to_project

    for line in add_to_project(directory):
        say(line)
