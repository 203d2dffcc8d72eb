# SPDX-License-Identifier: Apache-2.0
"""`microlith verify`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o

if TYPE_CHECKING:
    from microlith.ir.graph import Array
    from microlith.ir.program import Program
    from microlith.targets.boards import Board
    from microlith.verify.verify import Verification


def command(
    model: o.Model,
    target: o.Target = "host",
    board: o.Board = None,
    port: Annotated[
        str | None,
        typer.Option("--port", "-p", help="Serial port of the board, which runs the samples."),
    ] = None,
    upload: Annotated[
        bool, typer.Option("--upload", help="First write the test firmware to the board.")
    ] = False,
    name: o.Name = None,
    signature: o.Signature = None,
    keep_inputs: o.KeepInputs = False,
    disable_pass: o.DisablePass = None,
    allow_inexact: o.AllowInexact = False,
    kernels: o.Kernels = "auto",
    cmsis_nn: o.CmsisNN = None,
    optimize: o.Optimize = "balanced",
    trace: o.Trace = None,
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

    found, target = resolve(board, target) if board else (None, target)
    arguments = o.CompileArguments(
        model,
        target,
        name,
        signature,
        keep_inputs,
        disable_pass,
        allow_inexact,
        kernels,
        cmsis_nn,
        optimize,
        trace,
    )
    program = arguments.compile()
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
