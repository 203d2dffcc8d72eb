# SPDX-License-Identifier: Apache-2.0
"""Stack frame of every function of the runtime, from the code that the compiler makes of it.

What assembly pushes counts too, which the compiler's own report does not know. Exits with 1 when a
frame exceeds the limit: kernels keep their scratch in the arena.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from microlith import resources, targets
from microlith.simulate import build, stack_bound, toolchain
from microlith.simulate.listing import disassemble
from microlith.targets.target import Target

FRAME_LIMIT = 255
"""Largest frame of a function in bytes."""

TARGETS = ("cortex-m4", "cortex-m55")

OUTSIDE = ("port/", "kernels/cmsis_nn/")
"""Folders of micro_runtime/ that are left out: what belongs to the image around a model, and what
needs CMSIS-NN, whose frames are its own."""


class Frame(NamedTuple):
    """`bytes` on the stack while `function` runs; not what it calls."""

    bytes: int
    function: str
    source: str


def runtime_sources() -> list[Path]:
    """The runtime's C files: the interpreter and all kernels."""
    root = resources.path("micro_runtime")
    sources = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*.c"))]
    return [root / path for path in sources if not path.startswith(OUTSIDE)]


def frames(target: Target, sources: Sequence[Path]) -> list[Frame]:
    """Compiles `sources` for `target` and returns their frames, the largest last."""
    root = resources.path("micro_runtime")
    tools = toolchain.for_target(target)
    objects = build.compile_all(tools, sources, target.cflags, [root / "include", root])
    return sorted(
        frame
        for source, built in zip(sources, objects, strict=True)
        for frame in _frames(target, built, source.relative_to(root))
    )


def _frames(target: Target, built: Path, source: Path) -> Iterator[Frame]:
    listing = disassemble(target, built)
    names = dict(listing.functions)
    for address, frame in stack_bound.frames(listing).items():
        if frame.bytes is None:
            sys.exit(f"stack: the frame of {names[address]} ({source}) depends on data")
        yield Frame(frame.bytes, names[address], source.as_posix())


def report(target: Target) -> list[Frame]:
    """Prints all frames and returns those that are too large."""
    found = frames(target, runtime_sources())
    print(f"{target.name}:")
    for frame in found:
        print(f"{frame.bytes:6}  {frame.function}  ({frame.source})")
    return [frame for frame in found if frame.bytes > FRAME_LIMIT]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", action="append", help="repeatable")
    chosen = parser.parse_args().target or TARGETS
    too_large = [frame for name in chosen for frame in report(targets.get(name))]
    for frame in too_large:
        print(
            f"stack: {frame.function} ({frame.source}) takes {frame.bytes} bytes, "
            f"more than {FRAME_LIMIT}",
            file=sys.stderr,
        )
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
