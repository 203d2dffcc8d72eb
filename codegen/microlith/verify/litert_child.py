# SPDX-License-Identifier: Apache-2.0
"""Runs LiteRT on a model, as a process of its own: LiteRT can crash or hang on a legal file.

    python -m microlith.verify.litert_child DIRECTORY

The directory holds `model.tflite`, `request.json` (`resolver`, `preserve`, `inputs` and `tensors`:
indices in the main subgraph, `samples`) and `input_<tensor>.npy`. The child adds
`tensor_<tensor>.npy`, shape [samples, *tensor shape], for each tensor that LiteRT has bytes of, and
at last `answer.json`: `{"error": message}`, or `{}` when all went well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from microlith.ir.graph import Array


def run(directory: Path, request: Mapping[str, Any]) -> None:
    """One interpreter for all samples, so that variables keep their state from one to the next."""
    interpreter = Interpreter(
        model_path=str(directory / "model.tflite"),
        experimental_op_resolver_type=OpResolverType[request["resolver"]],
        experimental_preserve_all_tensors=request["preserve"],
    )
    interpreter.allocate_tensors()
    inputs = {i: np.load(directory / f"input_{i}.npy") for i in request["inputs"]}
    results: dict[int, Array] = {}
    for sample in range(request["samples"]):
        for tensor, values in inputs.items():
            interpreter.set_tensor(tensor, values[sample])
        interpreter.invoke()
        for tensor, value in _values(interpreter, request["tensors"]):
            shape = (request["samples"], *value.shape)
            results.setdefault(tensor, np.zeros(shape, value.dtype))[sample] = value
    for tensor, values in results.items():
        np.save(directory / f"tensor_{tensor}.npy", values)


def _values(interpreter: Any, tensors: list[int]) -> Iterator[tuple[int, Array]]:
    for tensor in tensors:
        try:
            yield tensor, np.asarray(interpreter.get_tensor(tensor))
        except ValueError:  # no bytes: an op that did not run, or one that a delegate took over
            continue


def main() -> None:
    directory = Path(sys.argv[1])
    request = json.loads((directory / "request.json").read_text("utf-8"))
    answer: dict[str, str] = {}
    try:
        run(directory, request)
    except Exception as error:
        answer["error"] = str(error).strip() or type(error).__name__
    (directory / "answer.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main()
