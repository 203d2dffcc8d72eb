# SPDX-License-Identifier: Apache-2.0
"""`microlith bench`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o

if TYPE_CHECKING:
    from microlith.benchmark import Benchmark

WIDTH = 140
"""Columns of the tables: narrower terminals wrap their lines."""

Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="A,B",
        help="Values of --kernels to put side by side, e.g. auto,portable,cmsis_nn.",
    ),
]
WaitStates = Annotated[
    int | None,
    typer.Option(
        "--wait-states",
        min=0,
        help="Of the flash, for estimated cycles; default: the board's, 0 with caches.",
    ),
]
Port = Annotated[
    str | None,
    typer.Option(
        "--port", "-p", help="Serial port of the board, which counts its cycles of every op."
    ),
]
Runs = Annotated[
    int, typer.Option("--runs", min=1, help="Inferences on the board, of which the median counts.")
]

TARGET = "cortex-m4"


@o.compiling(target=TARGET)
def command(
    arguments: o.CompileArguments,
    board: o.Board = None,
    port: Port = None,
    upload: o.Upload = False,
    runs: Runs = 5,
    compare: Compare = None,
    wait_states: WaitStates = None,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Count the instructions of every op, exactly, and estimate their cycles.

    With --board, also time and energy; with --port, that board counts cycles itself.
    """
    from microlith.benchmark import benchmark
    from microlith.cli.project import resolve
    from microlith.report.bench_json import to_json

    found, target = resolve(board, arguments.target, TARGET) if board else (None, arguments.target)
    arguments = replace(arguments, target=target)
    choices = [arguments.kernels] if compare is None else [c.strip() for c in compare.split(",")]
    results = []
    for choice in choices:
        program = replace(arguments, kernels=choice).compile()
        result = benchmark(program, seed=seed, wait_states=wait_states, board=found)
        results.append(_counted(result, port, upload, runs, seed) if port else result)
    if json:
        shown = [to_json(result) for result in results]
        o.print_json(shown[0] if compare is None else {"compare": shown})
    else:
        _render(results, side_by_side=compare is not None)


def _counted(result: Benchmark, port: str, upload: bool, runs: int, seed: int) -> Benchmark:
    """With the cycles that the board at `port` counts."""
    from microlith.benchmark import with_cycles_of_board
    from microlith.deploy import upload_harness
    from microlith.errors import OptionError
    from microlith.simulate.remote import count_on_board, open_port
    from microlith.verify.inputs import random_inputs

    board = result.board
    if board is None:
        raise OptionError("which board is it?", where="--port", fix="name it with --board")
    if upload:
        upload_harness(result.program, board, o.say)
    once = random_inputs(result.program.inputs, 1, seed)
    samples = {key: values.repeat(runs, axis=0) for key, values in once.items()}
    with open_port(port, board.console.baud) as line:
        counts = count_on_board(result.program, samples, line, board.name)
    return with_cycles_of_board(result, counts)


def _render(results: list[Benchmark], *, side_by_side: bool) -> None:
    from rich.console import Console

    from microlith.report import bench

    width = max(Console().width, WIDTH)
    if side_by_side:
        bench.render_comparison(results, Console(width=width + 30 * len(results)))
    else:
        bench.render(results[0], Console(width=width))
