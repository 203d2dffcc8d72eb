# SPDX-License-Identifier: Apache-2.0
"""The file of `microlith tune`: what was measured, of which model, and the choice for each op."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from microlith import resources
from microlith.errors import OptionError, ToolError
from microlith.ir.graph import Graph
from microlith.lower.options import Fixed
from microlith.simulate import build, toolchain
from microlith.targets.target import Target

FORMAT = 1
"""Version of the file's layout."""

_FIX = "measure again: microlith tune"


@dataclass(frozen=True)
class Measured:
    """A kernel that can run an op: instructions as estimated for the choice and as counted, cycles
    that the cost table of the core makes of them (None without a table), bytes of its constants."""

    kernel: str
    bytes: int
    estimate: int
    instructions: int
    cycles_estimated: int | None

    @property
    def error(self) -> float:
        """(estimate - instructions) / instructions."""
        return self.estimate / self.instructions - 1


@dataclass(frozen=True)
class TunedOp:
    """`kernel` is the chosen one of `candidates`; `op` the index in the .tflite file."""

    op: int
    type: str
    kernel: str
    candidates: tuple[Measured, ...]


@dataclass(frozen=True)
class Tuning:
    """Everything in the file. `compiler` is the version that built what was measured, `runtime`
    a digest of the C sources of all kernels; `optimize` and `max_flash` limited the choice."""

    model: str
    sha256: str
    target: str
    compiler: str
    runtime: str
    optimize: str
    max_flash: int | None
    ops: tuple[TunedOp, ...]

    def to_json(self) -> dict[str, Any]:
        return {"microlith_tuning": FORMAT, **asdict(self)}


def write(tuning: Tuning, path: Path) -> None:
    """Writes the file; OptionError when that fails."""
    try:
        path.write_text(json.dumps(tuning.to_json(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OptionError(
            f"cannot write {path}: {error.strerror}", where="--output", fix="choose another file"
        ) from error


def read(path: Path) -> Tuning:
    """Reads the file; OptionError when it is none of `microlith tune`."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version = data.pop("microlith_tuning")
        if version != FORMAT:
            raise OptionError(
                f"its layout is number {version}, not {FORMAT}", where=str(path), fix=_FIX
            )
        ops = tuple(_op(op) for op in data.pop("ops"))
        return Tuning(ops=ops, **data)
    except OSError as error:
        raise OptionError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OptionError(
            f"this is no file of `microlith tune`: {error}", where=str(path), fix=_FIX
        ) from error


def _op(data: dict[str, Any]) -> TunedOp:
    candidates = tuple(Measured(**each) for each in data.pop("candidates"))
    return TunedOp(candidates=candidates, **data)


def fixed(path: Path, graph: Graph, target: Target) -> Fixed:
    """The choices in the file at `path`, for `graph` on `target`.

    OptionError when it is of another model, target, compiler or release of the kernels.
    """
    tuning = read(path)
    for what, found, wanted in (
        (
            "another model",
            f"{tuning.model}, {tuning.sha256[:16]}",
            f"{graph.name}, {graph.sha256[:16]}",
        ),
        ("another target", tuning.target, target.name),
        ("another compiler", tuning.compiler, _compiler_at_hand(target) or tuning.compiler),
        ("other kernels", tuning.runtime[:16], runtime_digest()[:16]),
    ):
        if found != wanted:
            raise OptionError(
                f"it was measured with {what}: {found}, not {wanted}",
                where=f"--tuned {path}",
                fix=_FIX,
            )
    return Fixed({op.op: op.kernel for op in tuning.ops}, f"measured: {path.name}")


def compiler(target: Target) -> str:
    """Version of the target's compiler; ToolError when it is missing."""
    return toolchain.for_target(target).identity.splitlines()[1]


def _compiler_at_hand(target: Target) -> str | None:
    """As compiler(), None where none is installed: generating needs none."""
    try:
        return compiler(target)
    except ToolError:
        return None


def runtime_digest() -> str:
    """Of all C sources of kernels: counts of other sources are worth nothing."""
    return build.digest(sources_of(resources.path("micro_runtime", "kernels").rglob("*.[ch]")))


def sources_of(paths: Any) -> Sequence[bytes]:
    """Names and bytes of files, in the order of their names."""
    return [part for p in sorted(paths) for part in (p.name.encode(), p.read_bytes())]
