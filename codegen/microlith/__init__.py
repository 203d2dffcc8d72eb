# SPDX-License-Identifier: Apache-2.0
"""Microlith: compiles TensorFlow Lite models to verified C for Arm microcontrollers and phones.

import microlith

program = microlith.compile("model.tflite", target="cortex-m4")
program.write("firmware")
outputs = program.simulate(inputs).outputs
assert program.verify().passed
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from microlith.errors import (
    InputError,
    MicrolithError,
    ModelError,
    OptionError,
    Problem,
    ToolError,
    UnsupportedModelError,
)

if TYPE_CHECKING:
    from microlith.inspection import Report
    from microlith.ir.program import Program
    from microlith.optimization import Optimized

__all__ = [
    "InputError",
    "MicrolithError",
    "ModelError",
    "OptionError",
    "Problem",
    "ToolError",
    "UnsupportedModelError",
    "compile",
    "inspect",
    "optimize",
]


def compile(
    model: str | Path | bytes,
    *,
    target: str = "host",
    name: str | None = None,
    signature: str | None = None,
    keep_inputs: bool = False,
    disabled_passes: Sequence[str] = (),
    allow_inexact: bool = False,
    trace: Path | None = None,
    row_bands: int | None = None,
    kernels: str = "auto",
    cmsis_nn: Path | None = None,
    optimize: str = "balanced",
    plan: str = "stream",
    max_flash: int | None = None,
    tuned: Path | None = None,
) -> Program:
    """Compiles a .tflite file (its path or its bytes) for a target.

    `name` prefixes all C symbols (default: the file's stem); `signature` selects an entry point;
    `keep_inputs` keeps inputs alive during an invoke; `disabled_passes` names passes to leave out;
    `trace` is a directory for the graph after every pass and the program, as text; `kernels` is
    the backend to prefer, or "auto" for the cheapest kernels; `cmsis_nn` is the directory of
    CMSIS-NN, for the backend of that name; `optimize` is "balanced", "speed" (more flash)
    or "ram"; `plan` is the most that may be done to save RAM ("layerwise", "overlap", "stream");
    `max_flash`, in bytes, is the most that constants may take, whatever `optimize` says;
    `tuned` is a file of `microlith tune`, which decides on kernels.

    Raises ModelError for a malformed file, UnsupportedModelError with all reasons when it cannot
    be compiled, OptionError for a wrong target, pass, backend, aim or signature.
    """
    from microlith.compiler import compile_model

    return compile_model(
        model,
        target=target,
        name=name,
        signature=signature,
        keep_inputs=keep_inputs,
        disabled_passes=disabled_passes,
        allow_inexact=allow_inexact,
        trace=trace,
        row_bands=row_bands,
        kernels=kernels,
        cmsis_nn=cmsis_nn,
        optimize=optimize,
        plan=plan,
        max_flash=max_flash,
        tuned=tuned,
    )


def inspect(model: str | Path | bytes) -> Report:
    """What a .tflite file contains, and every reason why it cannot be compiled.

    Raises ModelError for a malformed file.
    """
    from microlith.frontend import load_model
    from microlith.inspection import inspect as inspect_graph

    graph, _ = load_model(model)
    return inspect_graph(graph)


def optimize(model: str | Path | bytes, *, disabled_passes: Sequence[str] = ()) -> Optimized:
    """A smaller .tflite file that computes the same bytes, in LiteRT and in LiteRT for
    Microcontrollers too; `Optimized.write(path)` writes it.

    Raises ModelError for a malformed file, UnsupportedModelError for one with dynamic shapes,
    sparse or external constants, OptionError for a name in `disabled_passes` that is no pass.
    """
    from microlith.optimization import optimize as optimize_model

    return optimize_model(model, disabled_passes)
