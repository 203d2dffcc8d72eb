# SPDX-License-Identifier: Apache-2.0
"""`microlith build`, `flash` and `run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o
from microlith.cli.progress import progress

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
BuildTimeout = Annotated[
    float | None,
    typer.Option(
        "--build-timeout",
        min=0.1,
        help="Seconds that the build, and then the upload, may take; default: any time.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Hide what PlatformIO prints.")]


def build(directory: Directory, build_timeout: BuildTimeout = None, quiet: Quiet = False) -> None:
    """Build a project and print its memory against the plan."""
    from microlith.deploy import open_project

    _build(open_project(directory), build_timeout, quiet)


def flash(
    directory: Directory,
    port: Port = None,
    monitor: Monitor = False,
    timeout: Timeout = 60.0,
    build_timeout: BuildTimeout = None,
    quiet: Quiet = False,
) -> None:
    """Build a project and write it to the board; an emulated board runs it at once.

    With --monitor, ends with 1 unless the board's self-test says PASS.
    """
    from microlith.deploy import open_project

    project = open_project(directory)
    _check_port(project, port, monitor)
    _build(project, build_timeout, quiet)
    _upload(project, port, build_timeout, quiet)
    if monitor or project.board.emulated:
        _monitor(project, port, timeout)


def run(
    model: o.Model,
    board: Annotated[str, typer.Option("--board", "-b", help="Board (see `microlith boards`).")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Keep the project; default: temporary."),
    ] = None,
    port: Port = None,
    timeout: Timeout = 60.0,
    build_timeout: BuildTimeout = None,
    quiet: Quiet = False,
) -> None:
    """Generate, build, flash, and wait for the board's self-test: 1 unless it says PASS."""
    import tempfile

    from microlith.cli.generate import command as generate

    with tempfile.TemporaryDirectory(prefix="microlith-") as temporary:
        directory = output or Path(temporary)
        generate(model=model, output=directory, board=board)
        flash(directory, port, True, timeout, build_timeout, quiet)


def _check_port(project: Project, port: str | None, monitor: bool) -> None:
    """Before minutes are spent on a build."""
    from microlith.errors import OptionError

    board = project.board
    if monitor and port is None and not board.emulated and board.console.kind != "semihosting":
        raise OptionError(
            "the serial port is not known",
            where="--monitor",
            fix="give --port (`pio device list` shows the ports of this machine)",
        )


def _build(project: Project, limit: float | None, quiet: bool) -> None:
    from microlith.deploy import build, memory_lines

    with progress(f"Building {project.directory}", quiet) as say:
        build(project, say, limit=limit)
    for line in memory_lines(project):
        typer.echo(line)


def _upload(project: Project, port: str | None, limit: float | None, quiet: bool) -> None:
    from microlith.deploy import upload

    with progress(f"Writing to {project.board.summary}", quiet) as say:
        upload(project, say, port=port, limit=limit)


def _monitor(project: Project, port: str | None, timeout: float) -> None:
    """Ends with 1 unless the board says PASS."""
    from microlith import deploy, pyocd
    from microlith.simulate.remote import open_port

    board = project.board
    if board.emulated:  # its upload fails unless it says so
        typer.echo("PASS")
        return
    if port is None:
        verdict = pyocd.await_verdict(board, deploy.VERDICTS, typer.echo, timeout)
        passed = verdict == "PASS"
    else:
        with open_port(port, board.console.baud) as line:
            passed = deploy.await_verdict(line, typer.echo, timeout)
    if not passed:
        raise typer.Exit(1)
