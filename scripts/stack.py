# SPDX-License-Identifier: Apache-2.0
"""Stack frame of every function of the runtime, as the compiler lays it out for a target.

Exits with 1 when a frame exceeds the limit: kernels keep their scratch in the arena.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from microlith import resources, targets
from microlith.targets.target import Target

FRAME_LIMIT = 255
"""Largest frame of a kernel in bytes."""

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


def frames(target: Target, sources: list[Path]) -> list[Frame]:
    """Compile `sources` for `target` and return their frames, the largest last."""
    root = resources.path("micro_runtime")
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            [
                target.compiler, *target.cflags,
                "-I", str(root), "-I", str(root / "include"),
                "-fstack-usage", "-c", *map(str, sources),
            ],
            cwd=directory, check=True,
        )  # fmt: skip
        reports = [path.read_text(encoding="utf-8") for path in Path(directory).glob("*.su")]
    return sorted(frame for report in reports for frame in parse(report))


def parse(report: str) -> Iterator[Frame]:
    """Frames in one of GCC's .su files: `file:line:column:function`, bytes, kind in each line."""
    for line in report.splitlines():
        place, size, _kind = line.split("\t")
        source, _line, _column, function = place.rsplit(":", 3)
        yield Frame(int(size), function, Path(source).name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="cortex-m4")
    found = frames(targets.get(parser.parse_args().target), runtime_sources())
    for frame in found:
        print(f"{frame.bytes:6}  {frame.function}  ({frame.source})")
    too_large = [frame.function for frame in found if frame.bytes > FRAME_LIMIT]
    if too_large:
        print(f"stack: frames above {FRAME_LIMIT} bytes: {', '.join(too_large)}", file=sys.stderr)
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
