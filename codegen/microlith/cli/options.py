# SPDX-License-Identifier: Apache-2.0
"""Options that several verbs share, declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from microlith.compiler import Request
    from microlith.ir.program import Program

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}


def size(text: str) -> int:
    """Bytes from `4096`, `64k` or `1M`."""
    digits = text.rstrip("kKmM")
    unit = text[len(digits) :].lower()
    if not digits.isdigit() or unit not in _UNITS:
        raise typer.BadParameter(f"{text!r} is not a number of bytes, such as 65536, 64k or 1M")
    return int(digits) * _UNITS[unit]


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="The .tflite file.")]
Target = Annotated[str, typer.Option("--target", "-t", help="Target (see `microlith targets`).")]
Board = Annotated[
    str | None,
    typer.Option("--board", "-b", help="Board (see `microlith boards`); decides on the target."),
]
Upload = Annotated[
    bool, typer.Option("--upload", help="First write the test firmware to the board.")
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
        help="auto, or a backend to prefer: portable, dsp, fpu, helium, cmsis_nn.",
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
        help="balanced: constants within 1.5 times those of the file; speed: within 3 times; "
        "ram: as balanced, with the smallest arena.",
    ),
]
Plan = Annotated[
    str,
    typer.Option(
        "--plan",
        metavar="HOW",
        help="The most that may be done to save RAM: layerwise (op after op), overlap (outputs "
        "over dead rows of inputs) or stream (pipelines of rows).",
    ),
]
MaxFlash = Annotated[
    int | None,
    typer.Option(
        "--max-flash",
        metavar="BYTES",
        parser=size,
        help="The most that constants may take, e.g. 96k, instead of what --optimize allows.",
    ),
]
Tuned = Annotated[
    Path | None,
    typer.Option("--tuned", metavar="FILE", help="Take the kernels that `microlith tune` chose."),
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
    """The options that decide what is compiled: each verb that compiles has them all."""

    model: Model
    target: Target = "host"
    name: Name = None
    signature: Signature = None
    keep_inputs: KeepInputs = False
    disable_pass: DisablePass = None
    allow_inexact: AllowInexact = False
    kernels: Kernels = "auto"
    cmsis_nn: CmsisNN = None
    optimize: Optimize = "balanced"
    plan: Plan = "stream"
    max_flash: MaxFlash = None
    tuned: Tuned = None
    trace: Trace = None

    def compile(self) -> Program:
        from microlith.cli.progress import progress
        from microlith.compiler import compile_model

        with progress(f"Compiling {self.model.name} for {self.target}"):
            return compile_model(self.model, **self.request())

    def request(self) -> Request:
        """The same as the compiler takes it."""
        return {
            "target": self.target,
            "name": self.name,
            "signature": self.signature,
            "keep_inputs": self.keep_inputs,
            "disabled_passes": self.disable_pass or (),
            "allow_inexact": self.allow_inexact,
            "trace": self.trace,
            "row_bands": None,
            "kernels": self.kernels,
            "cmsis_nn": self.cmsis_nn,
            "optimize": self.optimize,
            "plan": self.plan,
            "max_flash": self.max_flash,
            "tuned": self.tuned,
        }


Command = Callable[..., None]


def compiling(*left_out: str, **defaults: Any) -> Callable[[Command], Command]:
    """Gives a verb the options of CompileArguments: its function takes them as `arguments`, its
    command line one by one, but those `left_out`. `defaults` replace those of CompileArguments."""

    def decorate(function: Command) -> Command:
        options = _options(left_out, defaults)
        parameters = _parameters(function, options)

        @wraps(function)
        def command(**given: Any) -> None:
            names = [option.name for option in options if option.name in given]
            compiled = defaults | {name: given.pop(name) for name in names}
            function(arguments=CompileArguments(**compiled), **given)

        command.__dict__["__signature__"] = inspect.Signature(parameters)
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        return command

    return decorate


def _parameters(function: Command, options: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Those of `function`, with `options` in place of `arguments`."""
    hints = get_type_hints(function, include_extras=True)
    parameters: list[inspect.Parameter] = []
    for name, each in inspect.signature(function).parameters.items():
        if name == "arguments":
            parameters += options
        else:
            parameters.append(_keyword(name, hints[name], each.default))
    return parameters


def _options(left_out: Collection[str], defaults: dict[str, Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(CompileArguments, include_extras=True)
    return [
        _keyword(field.name, hints[field.name], defaults.get(field.name, _default(field.default)))
        for field in fields(CompileArguments)
        if field.name not in left_out
    ]


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _default(default: Any) -> Any:
    return inspect.Parameter.empty if default is MISSING else default


def print_json(value: object) -> None:
    """One JSON object on standard output."""
    import json

    typer.echo(json.dumps(value, indent=2))


def say(text: str) -> None:
    """A message for people: standard error, so that standard output stays clean for scripts."""
    typer.echo(text, err=True)
