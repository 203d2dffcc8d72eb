# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from microlith.ir.program import Program

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The .tflite file.")]
Target = Annotated[str, typer.Option("--target", "-t", help="Target (see `microlith targets`).")]
Board = Annotated[
    str | None,
    typer.Option("--board", "-b", help="Board (see `microlith boards`); decides on the target."),
]
Name = Annotated[
    str | None, typer.Option("--name", help="Prefix of C symbols; default: the file's stem.")
]
Signature = Annotated[
    str | None, typer.Option("--signature", help="Signature whose names inputs and outputs take.")
]
KeepInputs = Annotated[
    bool, typer.Option("--keep-inputs", help="Keep inputs alive during an invoke.")
]
DisablePass = Annotated[
    list[str] | None,
    typer.Option("--disable-pass", metavar="NAME", help="Leave out a pass; repeatable."),
]
AllowInexact = Annotated[
    bool, typer.Option("--allow-inexact", help="Also use kernels that are not bit-exact.")
]
Kernels = Annotated[
    str,
    typer.Option(
        "--kernels",
        metavar="BACKEND",
        help="auto, or a backend to prefer: portable, dsp, helium, cmsis_nn.",
    ),
]
CmsisNN = Annotated[
    Path | None,
    typer.Option(
        "--cmsis-nn",
        metavar="DIR",
        envvar="CMSIS_NN_DIR",
        help="CMSIS-NN's directory; its kernels are then chosen where they are cheapest.",
    ),
]
Optimize = Annotated[
    str,
    typer.Option(
        "--optimize",
        metavar="AIM",
        help="balanced: constants within 1.5 times those of the file; speed: within 3 times.",
    ),
]
Trace = Annotated[
    Path | None,
    typer.Option("--trace", metavar="DIR", help="Write the graph after every pass, and the plan."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, nothing else.")]
Input = Annotated[
    Path | None,
    typer.Option(
        "--input", metavar="IN.npz", help="Samples: one array an input, samples as leading axis."
    ),
]
Samples = Annotated[int, typer.Option("--samples", min=1, help="Number of random samples.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Seed of the random samples.")]


@dataclass(frozen=True)
class CompileArguments:
    """The options that decide what is compiled, as given."""

    model: Path
    target: str
    name: str | None
    signature: str | None
    keep_inputs: bool
    disable_pass: list[str] | None
    allow_inexact: bool
    kernels: str
    cmsis_nn: Path | None
    optimize: str
    trace: Path | None

    def compile(self) -> Program:
        import microlith

        return microlith.compile(
            self.model,
            target=self.target,
            name=self.name,
            signature=self.signature,
            keep_inputs=self.keep_inputs,
            disabled_passes=self.disable_pass or (),
            allow_inexact=self.allow_inexact,
            kernels=self.kernels,
            cmsis_nn=self.cmsis_nn,
            optimize=self.optimize,
            trace=self.trace,
        )


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    import json

    typer.echo(json.dumps(value, indent=2))


def say(text: str) -> None:
    """A message for people: standard error, so that standard output stays clean for scripts."""
    typer.echo(text, err=True)
