# SPDX-License-Identifier: Apache-2.0
"""Bytes a function on Cortex-M4, for three models; with --against, compared with a commit.

Each model is built by `microlith simulate --keep`, and its linked firmware is what is measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = "cortex-m4"
SHARED = ROOT.parent / "shared" / "models" / "mlperf_tiny"
MODELS = {
    "digits": ROOT / "examples" / "digits" / "digits_int8.tflite",
    "kws": SHARED / "kws_int8.tflite",
    "vww": SHARED / "vww_int8.tflite",
}
TOTAL = "(all functions)"

Sizes = Mapping[str, int]


def measure(checkout: Path, model: Path) -> dict[str, int]:
    """Bytes of every function of `model`'s firmware, as the tool in `checkout` builds it."""
    environment = os.environ | {"PYTHONPATH": str(checkout / "codegen")}
    command = [sys.executable, "-m", "microlith", "simulate", str(model), "--target", TARGET]
    with tempfile.TemporaryDirectory() as directory:
        keep = ["--keep", directory, "--json"]
        subprocess.run([*command, *keep], env=environment, stdout=subprocess.DEVNULL, check=True)
        elf = Path(directory) / "firmware.elf"
        listing = subprocess.run(
            ["arm-none-eabi-nm", "--print-size", "--size-sort", "--radix=d", str(elf)],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
    return function_sizes(listing)


def function_sizes(listing: str) -> dict[str, int]:
    """Sizes by name from the output of nm; functions of one name are added up, with their total."""
    sizes: dict[str, int] = {}
    for line in listing.splitlines():
        _address, size, kind, name = line.split(maxsplit=3)
        if kind in "tTwW":
            sizes[name] = sizes.get(name, 0) + int(size)
    return sizes | {TOTAL: sum(sizes.values())}


def size_lines(sizes: Sizes) -> Iterator[str]:
    """A line a function, the largest last."""
    for name, size in sorted(sizes.items(), key=lambda item: item[1]):
        yield f"{size:8,}  {name}"


def difference_lines(before: Sizes, after: Sizes) -> Iterator[str]:
    """A line a function whose size changed: bytes before, after, and the difference."""
    for name in sorted(before.keys() | after.keys(), key=lambda name: after.get(name, 0)):
        old, new = before.get(name, 0), after.get(name, 0)
        if old != new or name == TOTAL:
            yield f"{old:8,} {new:8,} {new - old:+8,}  {name}"


@contextmanager
def checkout_of(revision: str) -> Iterator[Path]:
    """A temporary work tree of a commit."""
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", metavar="REV", help="commit to compare with")
    revision: str | None = parser.parse_args().against
    models = {name: path for name, path in MODELS.items() if path.is_file()}
    after = {name: measure(ROOT, path) for name, path in models.items()}
    lines = {name: size_lines(sizes) for name, sizes in after.items()}
    if revision is not None:
        with checkout_of(revision) as tree:
            before = {name: measure(tree, path) for name, path in models.items()}
        lines = {name: difference_lines(before[name], after[name]) for name in models}
    for name in models:
        print(f"{name} on {TARGET}:", *lines[name], "", sep="\n")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"sizes: {error.cmd[0]} failed with exit code {error.returncode}")
