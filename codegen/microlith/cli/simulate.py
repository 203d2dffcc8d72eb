# SPDX-License-Identifier: Apache-2.0
"""`microlith simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from microlith.cli import options as o
from microlith.cli.progress import progress


@o.compiling()
def command(
    arguments: o.CompileArguments,
    input: o.Input = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="OUT.npz", help="Where outputs go.")
    ] = None,
    samples: o.Samples = 1,
    seed: o.Seed = 0,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", metavar="DIR", help="Keep sources, firmware.elf and a run script."),
    ] = None,
    json: o.Json = False,
) -> None:
    """Build the generated sources and run them, on this machine or an emulated board."""
    from microlith import execute
    from microlith.report.text import simulation_lines
    from microlith.verify.inputs import load_npz, random_inputs, save_npz

    program = arguments.compile()
    data = load_npz(input, program.inputs) if input else None
    if data is None:
        data = random_inputs(program.inputs, samples, seed)
    with progress(f"Running on {program.target}"):
        result = execute.simulate(program, data, keep=keep)
    if output:
        save_npz(output, result.outputs)
    if json:
        o.print_json(execute.simulation_json(program, result))
        return
    for line in simulation_lines(program, result):
        typer.echo(line)
