# SPDX-License-Identifier: Apache-2.0
"""`microlith verify`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o
from microlith.cli.progress import progress

if TYPE_CHECKING:
    from microlith.ir.graph import Array
    from microlith.ir.program import Program
    from microlith.targets.boards import Board
    from microlith.verify.verify import Verification


@o.compiling()
def command(
    arguments: o.CompileArguments,
    board: o.Board = None,
    port: Annotated[
        str | None,
        typer.Option("--port", "-p", help="Serial port of the board, which runs the samples."),
    ] = None,
    upload: o.Upload = False,
    input: o.Input = None,
    samples: o.Samples = 8,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Compare every op's output with LiteRT's reference kernels.

    Runs seeded random samples and extreme ones, or those of --input, on this machine, in the
    emulator, or with --board and --port on a board. Ends with 1 when they differ.
    """
    from microlith import execute
    from microlith.cli.project import resolve
    from microlith.deploy import upload_harness
    from microlith.errors import OptionError
    from microlith.verify.inputs import load_npz
    from microlith.verify.verify import render

    if (port or upload) and not (port and board):
        raise OptionError(
            "samples run on a board that is named, at a port",
            where="--port" if port else "--upload",
            fix="give both --board and --port",
        )
    found, target = resolve(board, arguments.target) if board else (None, arguments.target)
    program = replace(arguments, target=target).compile()
    data = load_npz(input, program.inputs) if input else None
    step = f"Comparing {program.name} on {port or target} with the reference"
    with progress(step, quiet=False) as aloud:
        if found is not None and port is not None:
            if upload:
                upload_harness(program, found, aloud)
            verification = _on_board(program, found, port, samples, seed, data)
        else:
            verification = execute.verify(program, samples=samples, seed=seed, inputs=data)
    if json:
        o.print_json(verification.to_json())
    else:
        typer.echo(render(verification))
    if not verification.passed:
        raise typer.Exit(1)


def _on_board(
    program: Program,
    board: Board,
    port: str,
    samples: int,
    seed: int,
    data: Mapping[str, Array] | None,
) -> Verification:
    from microlith.deploy import verify_on_board
    from microlith.simulate.remote import open_port

    with open_port(port, board.console.baud) as line:
        return verify_on_board(program, line, board.name, samples=samples, seed=seed, inputs=data)
