# SPDX-License-Identifier: Apache-2.0
"""`microlith optimize`: from a .tflite file to a smaller one that computes the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from microlith import passes
from microlith.emit.tflite import rewritten
from microlith.errors import OptionError, UnsupportedModelError
from microlith.frontend import load_model, parse
from microlith.inspection import inspect
from microlith.ir.dump import graph_text
from microlith.ir.graph import Graph


@dataclass(frozen=True)
class Figures:
    """A model in numbers. `macs` are those of operators that can be compiled; `weights` are bytes
    of constants, equal ones counted once; `size` is the file's, in bytes."""

    ops: int
    macs: int
    weights: int
    size: int


@dataclass(frozen=True)
class Optimized:
    """What became of a model: the new file's bytes, figures, and the passes that changed it."""

    model: bytes
    before: Figures
    after: Figures
    passes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The object that `microlith optimize --json` prints."""
        return {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "passes": list(self.passes),
        }

    def write(self, path: str | Path) -> None:
        """Writes the file, whole or not at all. Raises OptionError when it cannot."""
        place = Path(path)
        part = Path(f"{place}.part")
        try:
            part.write_bytes(self.model)
            part.replace(place)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise OptionError(
                f"cannot be written: {error.strerror}", where=str(place), fix="choose another file"
            ) from error


def optimize(model: str | Path | bytes, disabled_passes: Sequence[str] = ()) -> Optimized:
    """See microlith.optimize()."""
    passes.validate(disabled_passes)
    graph, data = load_model(model)
    if graph.unsupported:
        raise UnsupportedModelError(f"{graph.name}.tflite", graph.unsupported)
    changed: list[str] = []
    texts = [graph_text(graph)]

    def note(name: str, result: Graph) -> None:
        texts.append(graph_text(result))
        if texts[-1] != texts[-2]:
            changed.append(name)

    after = passes.apply(graph, disabled_passes, note, passes.FOR_FILES)
    file = rewritten(data, graph, after)
    return Optimized(file, _figures(data), _figures(file), tuple(changed))


def _figures(model: bytes) -> Figures:
    graph = parse(model, "model")
    report = inspect(graph)
    return Figures(len(report.ops), report.macs, graph.constant_bytes, len(model))
