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
    int, typer.Option("--wait-states", min=0, help="Of the flash, for estimated cycles.")
]


@o.compiling(target="cortex-m4")
def command(
    arguments: o.CompileArguments,
    compare: Compare = None,
    wait_states: WaitStates = 0,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Count the instructions of every op, exactly, and estimate their cycles."""
    from microlith.benchmark import benchmark

    choices = (
        [arguments.kernels]
        if compare is None
        else [choice.strip() for choice in compare.split(",")]
    )
    variants = [replace(arguments, kernels=choice).compile() for choice in choices]
    results = [benchmark(program, seed=seed, wait_states=wait_states) for program in variants]
    if json:
        shown = [result.to_json() for result in results]
        o.print_json(shown[0] if compare is None else {"compare": shown})
    else:
        _render(results, side_by_side=compare is not None)


def _render(results: list[Benchmark], *, side_by_side: bool) -> None:
    from rich.console import Console

    from microlith.report import bench

    width = max(Console().width, WIDTH)
    if side_by_side:
        bench.render_comparison(results, Console(width=width + 30 * len(results)))
    else:
        bench.render(results[0], Console(width=width))
