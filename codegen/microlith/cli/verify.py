# SPDX-License-Identifier: Apache-2.0
"""`microlith verify`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o

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
    from microlith.verify.inputs import load_npz
    from microlith.verify.verify import render

    found, target = resolve(board, arguments.target) if board else (None, arguments.target)
    program = replace(arguments, target=target).compile()
    data = load_npz(input, program.inputs) if input else None
    if found is not None and port is not None:
        verification = _on_board(program, found, port, upload, samples, seed, data)
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
    upload: bool,
    samples: int,
    seed: int,
    data: Mapping[str, Array] | None,
) -> Verification:
    from microlith.deploy import upload_harness, verify_on_board
    from microlith.simulate.remote import open_port

    if upload:
        upload_harness(program, board, o.say)
    with open_port(port, board.console.baud) as line:
        return verify_on_board(program, line, board.name, samples=samples, seed=seed, inputs=data)
