# SPDX-License-Identifier: Apache-2.0
"""Graph → Graph: rewrites that need no target, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from microlith.errors import OptionError
from microlith.ir.graph import Graph
from microlith.passes import (
    dead_channels,
    dead_ops,
    fold_constants,
    fold_pads,
    fuse_activations,
    no_ops,
    unpack_int4,
    views,
)
from microlith.passes.base import Pass

PASSES: tuple[Pass, ...] = (
    unpack_int4.PASS,
    fold_constants.PASS,
    no_ops.PASS,
    fuse_activations.PASS,
    fold_pads.PASS,
    dead_ops.PASS,
    dead_channels.PASS,
    views.PASS,
)

_GROWING = (unpack_int4.PASS, fold_constants.PASS, views.PASS)

FOR_FILES: tuple[Pass, ...] = (
    fold_constants.COMPACT,
    *(entry for entry in PASSES if entry not in _GROWING),
)
"""Those whose results a .tflite file can hold, and is no larger for."""


def names() -> tuple[str, ...]:
    """Every name that can be switched off."""
    return tuple(entry.name for entry in PASSES)


def validate(disabled: Collection[str]) -> None:
    """Raises OptionError, with the names there are, when a name is not that of a pass."""
    for name in disabled:
        if name not in names():
            raise OptionError(
                f"there is no pass {name!r}",
                where="--disable-pass",
                fix=f"name one of {', '.join(names())}",
            )


def apply(
    graph: Graph,
    disabled: Collection[str] = (),
    trace: Callable[[str, Graph], None] | None = None,
    chosen: Sequence[Pass] = PASSES,
) -> Graph:
    """Runs the `chosen` passes but those `disabled`. `trace` is given each pass's name and its
    result."""
    validate(disabled)
    for entry in chosen:
        if entry.name not in disabled:
            graph = entry.run(graph)
            if trace is not None:
                trace(entry.name, graph)
    return graph
