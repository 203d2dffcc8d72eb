# SPDX-License-Identifier: Apache-2.0
"""`generate`: test vectors from the reference, then the project's files, then its manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from microlith import ops, targets
from microlith.emit.files import MANIFEST, write_files
from microlith.emit.layouts import arduino_library, zephyr_module
from microlith.emit.platformio import platformio_project
from microlith.emit.project import manifest, project_files
from microlith.emit.vectors import TestVectors
from microlith.errors import ModelError
from microlith.ir.program import Program
from microlith.targets.boards import Board
from microlith.verify.inputs import load_npz, random_inputs
from microlith.verify.oracle import reference_outputs

SAMPLES = 2
"""Samples that a firmware embeds by default."""

LARGE_INPUT = 8192
"""Bytes of input above which one sample has to do: test vectors lie in flash."""


MOST_BYTES = 1 << 26
"""Of a sample's inputs and outputs: they become C text, which is several times as long."""


def write_project(
    program: Program,
    directory: Path,
    *,
    test_data: Path | None = None,
    force: bool = False,
    board: Board | None = None,
    host: Program | None = None,
    layout: str = "cmake",
) -> dict[str, Any]:
    """Writes the firmware project of `program` to `directory` and returns its manifest.

    `layout` is "cmake" (with a Makefile too; it runs on `board` if pyOCD flashes that), "arduino",
    "zephyr" or "platformio". The last is for a `board`, and `host` is then the same model, compiled
    for this machine.

    Its test vectors are the samples of the .npz file `test_data`, or seeded random ones. Raises
    InputError for samples that do not fit, ToolError when no reference runs the model, OptionError
    when files in the directory were edited and `force` is off; nothing is written then.
    """
    vectors = golden_vectors(program, test_data)
    once: dict[str, str] = {}
    if layout == "platformio" and board is not None and host is not None:
        project = platformio_project(program, host, board, vectors)
        files, once = project.files, project.once
    elif layout == "arduino":
        files, once = arduino_library(program, vectors)
    elif layout == "zephyr":
        files, once = zephyr_module(program, vectors)
    else:
        files = project_files(program, targets.get(program.target), vectors, board)
    record = manifest(program, files)
    if board is not None:
        record |= {"board": board.name, "project": layout}
    text = json.dumps(record, indent=2) + "\n"
    write_files(files | {MANIFEST: text}, directory, force=force, once=once)
    return record


def golden_vectors(program: Program, test_data: Path | None) -> TestVectors:
    """Samples and what the reference computes from them. Raises ModelError when one is too large
    to be embedded."""
    sample = sum(port.nbytes for port in (*program.inputs, *program.outputs))
    if sample > MOST_BYTES:
        raise ModelError(
            f"inputs and outputs of a sample take {sample} bytes, more than the {MOST_BYTES} that "
            "can be embedded as a test",
            where=f"{program.model_name}.tflite",
            fix="use a smaller model",
        )
    if test_data is not None:
        inputs = load_npz(test_data, program.inputs)
    else:
        large = sum(port.nbytes for port in program.inputs) > LARGE_INPUT
        inputs = random_inputs(program.inputs, 1 if large else SAMPLES, seed=0)
    oracle, results = reference_outputs(
        program.model,
        {port.tensor: inputs[port.key] for port in program.inputs},
        [port.tensor for port in program.outputs],
    )
    outputs = {port.key: results[port.tensor] for port in program.outputs}
    tolerance = max((ops.BY_NAME[call.kind].tolerance for call in program.calls), default=0.0)
    return TestVectors(
        inputs=inputs,
        outputs=outputs,
        tolerances={
            port.key: tolerance * float(np.abs(outputs[port.key]).max(initial=1e-30))
            for port in program.outputs
            if port.dtype.is_float
        },
        oracle=oracle,
    )
