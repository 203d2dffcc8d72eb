# SPDX-License-Identifier: Apache-2.0
"""The pipeline: frontend → passes → lower → Program. Each stage is a call here and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from microlith import passes, targets
from microlith.errors import OptionError, UnsupportedModelError
from microlith.frontend import check, load_model
from microlith.ir.graph import Graph
from microlith.ir.program import Program
from microlith.kernels.cmsis_nn import library
from microlith.lower.choose import constant_bytes
from microlith.lower.lower import lower
from microlith.lower.names import C_KEYWORDS, identifier, reserved_names
from microlith.lower.options import CompileOptions, validate_optimize, validate_plan
from microlith.lower.select import AUTO, validate_preference
from microlith.targets.target import Target
from microlith.tuning import record


class Request(TypedDict):
    """What microlith.compile() is asked for, but the model; see there."""

    target: str
    name: str | None
    signature: str | None
    keep_inputs: bool
    disabled_passes: Sequence[str]
    allow_inexact: bool
    trace: Path | None
    row_bands: int | None
    kernels: str
    cmsis_nn: Path | None
    optimize: str
    plan: str
    max_flash: int | None
    tuned: Path | None


@dataclass(frozen=True, eq=False)
class Prepared:
    """All that lower() takes: the graph after the passes; `model` are the bytes of the file."""

    graph: Graph
    target: Target
    options: CompileOptions
    model: bytes


def compile_model(model: str | Path | bytes, **request: Unpack[Request]) -> Program:
    """See microlith.compile()."""
    prepared = prepare(model, **request)
    program = lower_prepared(prepared)
    trace = request["trace"]
    if trace is not None:
        from microlith.ir.dump import program_text

        _write(trace / "program.txt", program_text(program))
    return program


def lower_prepared(prepared: Prepared) -> Program:
    """The last stage, on what the others made."""
    program = lower(prepared.graph, prepared.target, prepared.options)
    return replace(program, model=prepared.model)


def prepare(model: str | Path | bytes, **request: Unpack[Request]) -> Prepared:
    """Reads, checks and optimises a model for a target; raises as microlith.compile() does."""
    target = targets.get(request["target"])
    disabled = tuple(request["disabled_passes"])
    passes.validate(disabled)
    options = _options(request, disabled)
    graph, data = load_model(model)
    problems = check(graph, folds="fold_constants" not in disabled)
    if problems:
        raise UnsupportedModelError(f"{graph.name}.tflite", problems)
    tuned = request["tuned"]
    options = replace(
        options,
        name=c_name(request["name"], graph.name),
        file_bytes=constant_bytes(graph),
        fixed=None if tuned is None else record.fixed(tuned, graph, target),
    )
    optimised = passes.apply(graph, disabled, _tracer(request["trace"]))
    return Prepared(optimised, target, options, data)


def _options(request: Request, disabled: tuple[str, ...]) -> CompileOptions:
    """The options, still without what depends on the model."""
    validate_preference(request["kernels"])
    if request["cmsis_nn"] is not None:
        library.require(request["cmsis_nn"], ())
    if request["tuned"] is not None:
        _check_alone(request["kernels"], request["max_flash"])
    return CompileOptions(
        name="",
        signature=request["signature"],
        keep_inputs=request["keep_inputs"],
        disabled_passes=disabled,
        allow_inexact=request["allow_inexact"],
        row_bands=request["row_bands"],
        kernels=request["kernels"],
        cmsis_nn=request["cmsis_nn"],
        optimize=validate_optimize(request["optimize"]),
        plan=validate_plan(request["plan"]),
        max_flash=request["max_flash"],
    )


def _check_alone(kernels: str, max_flash: int | None) -> None:
    given = "--kernels" if kernels != AUTO else "--max-flash" if max_flash is not None else None
    if given is not None:
        raise OptionError(
            f"{given} has no say where a file decides on kernels",
            where="--tuned",
            fix=f"leave out one of the two, or give {given} to microlith tune",
        )


def c_name(given: str | None, stem: str) -> str:
    """The name of generated symbols: the one given, or the file's stem made a C identifier.

    Raises OptionError when the given name is no C identifier.
    """
    if given is None:
        name = identifier(stem, "model")
        return f"m_{name}" if name.lower() in reserved_names() else name
    if not given.isidentifier() or not given.isascii() or given in C_KEYWORDS:
        raise OptionError(
            f"{given!r} is not a C identifier",
            where="--name",
            fix="use letters, digits and underscores, and start with a letter",
        )
    if given.lower() in reserved_names():
        raise OptionError(
            f"{given!r} is a name of the runtime or the C library", where="--name", fix="add a word"
        )
    return given


def _tracer(directory: Path | None) -> Callable[[str, Graph], None] | None:
    """Writes the graph after each pass to `directory`, numbered in order."""
    if directory is None:
        return None
    from microlith.ir.dump import graph_text

    written: list[Path] = []

    def note(name: str, graph: Graph) -> None:
        path = directory / f"{len(written):02d}_{name}.txt"
        _write(path, graph_text(graph))
        written.append(path)

    return note


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"cannot write {path}: {error.strerror}",
            where="--trace",
            fix="choose another directory",
        ) from error
