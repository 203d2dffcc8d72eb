# SPDX-License-Identifier: Apache-2.0
"""`microlith build`, `flash` and `run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o

if TYPE_CHECKING:
    from microlith.deploy import Project

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A project of `generate --board`.")]
Port = Annotated[
    str | None, typer.Option("--port", "-p", help="Serial port; default: PlatformIO finds it.")
]
Monitor = Annotated[
    bool, typer.Option("--monitor", help="Open the serial port and wait for PASS or FAIL.")
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.1, help="Seconds to wait for the verdict.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide what PlatformIO prints.")]


def build(directory: Directory, quiet: Quiet = False) -> None:
    """Build a project with PlatformIO and print its memory against the plan."""
    from microlith.deploy import open_project

    _build(open_project(directory), quiet)


def flash(
    directory: Directory,
    port: Port = None,
    monitor: Monitor = False,
    timeout: Timeout = 60.0,
    quiet: Quiet = False,
) -> None:
    """Build a project and write it to the board; an emulated board runs it at once.

    With --monitor, ends with 1 unless the board's self-test says PASS.
    """
    from microlith.deploy import open_project

    _flash(open_project(directory), port, monitor, timeout, quiet)


def run(
    model: o.Model,
    board: Annotated[str, typer.Option("--board", "-b", help="Board (see `microlith boards`).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Keep the project; default: temporary."),
    ] = None,
    port: Port = None,
    timeout: Timeout = 60.0,
    quiet: Quiet = False,
) -> None:
    """Generate, build, flash, and wait for the board's self-test: 1 unless it says PASS."""
    import tempfile

    from microlith.cli.generate import command as generate
    from microlith.deploy import open_project

    with tempfile.TemporaryDirectory(prefix="microlith-") as temporary:
        directory = output or Path(temporary)
        generate(model=model, output=directory, board=board)
        _flash(open_project(directory), port, True, timeout, quiet)


def _build(project: Project, quiet: bool) -> None:
    from microlith.deploy import memory_lines, pio_run

    pio_run(project, (), _silent if quiet else o.say)
    for line in memory_lines(project):
        typer.echo(line)


def _flash(project: Project, port: str | None, monitor: bool, timeout: float, quiet: bool) -> None:
    from microlith.deploy import await_verdict, pio_run
    from microlith.errors import OptionError
    from microlith.simulate.remote import open_port

    _build(project, quiet)
    pio_run(project, ("upload",), _silent if quiet else o.say, port=port)
    if project.board.emulated:
        typer.echo("PASS")
        return
    if not monitor:
        return
    if port is None:
        raise OptionError("the serial port is not known", where="--monitor", fix="give --port")
    with open_port(port, project.board.console.baud) as line:
        passed = await_verdict(line, typer.echo, timeout)
    if not passed:
        raise typer.Exit(1)


def _silent(text: str) -> None:
    del text
