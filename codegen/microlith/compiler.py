# SPDX-License-Identifier: Apache-2.0
"""The pipeline: frontend → passes → lower → Program. Each stage is a call here and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from microlith import passes, targets
from microlith.errors import OptionError, UnsupportedModelError
from microlith.frontend import check, load_model
from microlith.ir.graph import Graph
from microlith.ir.program import Program
from microlith.kernels.cmsis_nn import library
from microlith.lower.lower import lower
from microlith.lower.names import C_KEYWORDS, identifier, reserved_names
from microlith.lower.options import CompileOptions, validate_optimize
from microlith.lower.select import AUTO, validate_preference
from microlith.tuning import record


def compile_model(
    model: str | Path | bytes,
    *,
    target: str,
    name: str | None,
    signature: str | None,
    keep_inputs: bool,
    disabled_passes: Sequence[str],
    allow_inexact: bool,
    trace: Path | None,
    row_bands: int | None,
    kernels: str,
    cmsis_nn: Path | None,
    optimize: str,
    max_flash: int | None,
    tuned: Path | None,
) -> Program:
    """See microlith.compile()."""
    chosen = targets.get(target)
    passes.validate(disabled_passes)
    validate_preference(kernels)
    if cmsis_nn is not None:
        library.require(cmsis_nn, ())
    aim = validate_optimize(optimize)
    graph, data = load_model(model)
    problems = check(graph, folds="fold_constants" not in disabled_passes)
    if problems:
        raise UnsupportedModelError(f"{graph.name}.tflite", problems)
    if tuned is not None:
        _check_alone(kernels, max_flash)
    options = CompileOptions(
        name=c_name(name, graph.name),
        signature=signature,
        keep_inputs=keep_inputs,
        disabled_passes=tuple(disabled_passes),
        allow_inexact=allow_inexact,
        row_bands=row_bands,
        kernels=kernels,
        cmsis_nn=cmsis_nn,
        optimize=aim,
        max_flash=max_flash,
        fixed=None if tuned is None else record.fixed(tuned, graph, chosen),
    )
    note = _tracer(trace)
    optimised = passes.apply(graph, disabled_passes, note)
    program = replace(lower(optimised, chosen, options), model=data)
    if trace is not None:
        from microlith.ir.dump import program_text

        _write(trace / "program.txt", program_text(program))
    return program


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
