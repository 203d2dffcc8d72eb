# SPDX-License-Identifier: Apache-2.0
"""What a model ought to compute: results of reference kernels for every tensor.

The oracles are tried in order; the first that accepts the model is the reference.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from microlith.errors import ToolError
from microlith.ir.graph import Array
from microlith.verify.repair import repaired

Tensors = Mapping[int, Array]
"""Arrays [samples, *tensor shape] by tensor index in the main subgraph."""

START_LIMIT = 60.0
SAMPLE_LIMIT = 5.0
"""Seconds that LiteRT may take to start, and for each sample on top: far more than it needs."""


@dataclass(frozen=True)
class OracleResult:
    """`name` says which reference it is. `tensors` has the results of every op and of the model,
    as far as the oracle tells them; `litert_default` has the model's outputs from LiteRT's default
    kernels (XNNPACK), or None when these do not run it."""

    name: str
    tensors: Tensors
    litert_default: Tensors | None


class RefusalError(Exception):
    """An oracle cannot run this model; the message says why."""


@dataclass(frozen=True)
class Oracle:
    """A reference. `run(model, inputs, tensors)` gives the arrays of `tensors`, or raises
    RefusalError."""

    name: str
    run: Callable[[bytes, Tensors, Sequence[int]], Tensors]


def reference(
    model: bytes, inputs: Tensors, *, tensors: Iterable[int], outputs: Sequence[int]
) -> OracleResult:
    """Runs `model` (a .tflite file) on all samples of `inputs`, in order and with its state kept.

    `tensors` are the results wanted beside `outputs`, all as indices in the main subgraph. Raises
    ToolError when no oracle runs the model.
    """
    name, results = reference_outputs(model, inputs, sorted({*tensors, *outputs}))
    return OracleResult(name, results, _litert_default(model, inputs, outputs))


def reference_outputs(model: bytes, inputs: Tensors, tensors: Sequence[int]) -> tuple[str, Tensors]:
    """The oracle's name and its results for `tensors`; see reference()."""
    refusals = []
    for oracle in ORACLES:
        try:
            return oracle.name, oracle.run(model, inputs, tensors)
        except RefusalError as refusal:
            refusals.append(f"{oracle.name}: {refusal}")
    raise ToolError(
        "no reference can run this model, so there is nothing to verify against "
        f"({'; '.join(refusals)})",
        fix="`microlith simulate` still runs it; compare its outputs with those of your framework",
    )


def _builtin_ref(model: bytes, inputs: Tensors, tensors: Sequence[int]) -> Tensors:
    return _litert("BUILTIN_REF", repaired(model), inputs, tensors, preserve=True)


def _litert_default(model: bytes, inputs: Tensors, outputs: Sequence[int]) -> Tensors | None:
    try:
        return _litert("AUTO", repaired(model), inputs, outputs, preserve=False)
    except RefusalError:
        return None


def _litert_name(kernels: str) -> str:
    try:
        return f"LiteRT {version('ai-edge-litert')} {kernels}"
    except PackageNotFoundError:
        return f"LiteRT {kernels}"


ORACLES = (Oracle(_litert_name("BUILTIN_REF"), _builtin_ref),)
"""In order of preference."""


def _litert(
    resolver: str, model: bytes, inputs: Tensors, tensors: Sequence[int], *, preserve: bool
) -> Tensors:
    """Runs LiteRT in a child process. `preserve` keeps the bytes of intermediate tensors."""
    samples = len(next(iter(inputs.values()))) if inputs else 1
    request = {
        "resolver": resolver,
        "preserve": preserve,
        "inputs": list(inputs),
        "tensors": list(tensors),
        "samples": samples,
    }
    with tempfile.TemporaryDirectory(prefix="microlith-") as name:
        directory = Path(name)
        (directory / "model.tflite").write_bytes(model)
        (directory / "request.json").write_text(json.dumps(request), "utf-8")
        for tensor, values in inputs.items():
            np.save(directory / f"input_{tensor}.npy", values)
        _run_child(directory, START_LIMIT + SAMPLE_LIMIT * samples)
        found = {tensor: directory / f"tensor_{tensor}.npy" for tensor in tensors}
        return {tensor: np.load(path) for tensor, path in found.items() if path.exists()}


def _run_child(directory: Path, limit: float) -> None:
    """Raises RefusalError when LiteRT reports an error, crashes or exceeds `limit` seconds."""
    source = str(Path(__file__).parents[2])
    inherited = os.environ.get("PYTHONPATH")
    search = os.pathsep.join([source, inherited] if inherited else [source])
    try:
        child = subprocess.run(
            [sys.executable, "-m", "microlith.verify.litert_child", str(directory)],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RefusalError(f"no result within {limit:.0f} s (it hangs on this model)") from None
    answer = directory / "answer.json"
    if not answer.exists():
        raise RefusalError(_crash(child.returncode, child.stderr))
    error = json.loads(answer.read_text("utf-8")).get("error")
    if error:
        raise RefusalError(" ".join(error.split()))


def _crash(returncode: int, stderr: str) -> str:
    if returncode < 0:
        return f"the process crashed on this model ({signal.Signals(-returncode).name})"
    last = stderr.strip().splitlines()[-1:] or ["no message"]
    return f"the process failed with exit code {returncode} ({last[0]})"
