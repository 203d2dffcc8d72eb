# SPDX-License-Identifier: Apache-2.0
"""`microlith generate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from microlith.cli import options as o
from microlith.cli.progress import progress


@o.compiling()
def command(
    arguments: o.CompileArguments,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Directory of the project.")
    ],
    board: o.Board = None,
    project: Annotated[
        str | None,
        typer.Option(
            "--project",
            help="platformio, cmake, arduino, zephyr, or library: the sources alone; "
            "default: platformio with --board, else cmake.",
        ),
    ] = None,
    core: Annotated[
        str | None,
        typer.Option("--core", help="Core as build systems name it; decides on the target."),
    ] = None,
    test_data: Annotated[
        Path | None,
        typer.Option("--test-data", metavar="IN.npz", help="Samples that the firmware tests."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that were edited.")
    ] = False,
    json: o.Json = False,
) -> None:
    """Write C sources and a project that builds, runs and tests itself."""
    from microlith.cli.project import choose
    from microlith.firmware import write_project
    from microlith.install import write_library

    chosen = choose(board, arguments.target, project, core)
    arguments = replace(arguments, target=chosen.target)
    program = arguments.compile()
    if chosen.project == "library":
        write_library(program, output, force=force)
        return
    host = None
    if chosen.project == "platformio":
        host = replace(arguments, target="host", kernels="portable", tuned=None).compile()
    with progress(f"Computing what {program.name} must give on test samples"):
        manifest = write_project(
            program,
            output,
            test_data=test_data,
            force=force,
            board=chosen.board,
            host=host,
            layout=chosen.project,
        )
    if json:
        o.print_json(manifest)
        return
    from microlith.report.text import memory_lines

    o.say(f"{output}: {program.name} for {program.target}, {len(program.calls)} kernel calls")
    for line in memory_lines(program):
        o.say(f"  {line}")
    if chosen.project == "platformio":
        o.say(f"  next         pio run -d {output} -t upload")
    elif chosen.project == "cmake":
        o.say(f"  next         make -C {output} run")
