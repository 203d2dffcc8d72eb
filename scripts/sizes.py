# SPDX-License-Identifier: Apache-2.0
"""Bytes a function on Cortex-M4, for three models; with --against, compared with a commit.

Each model is built by `microlith simulate --keep`, and its linked firmware is what is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

ROOT = Path(__file__).resolve().parent.parent
TARGET = "cortex-m4"
SHARED = ROOT.parent / "shared" / "models" / "mlperf_tiny"
MODELS = {
    "digits": ROOT / "examples" / "digits" / "digits_int8.tflite",
    "kws": SHARED / "kws_int8.tflite",
    "vww": SHARED / "vww_int8.tflite",
}
TOTALS = {
    "code": "= code and tables of model and runtime",
    "weights": "= weights",
    "system": "= startup, C library, what feeds samples",
}
"""Parts of the flash in the tool's report, and how they are listed under the functions."""

Sizes = Mapping[str, int]


def measure(checkout: Path, model: Path) -> dict[str, int]:
    """Bytes of every function of `model`'s firmware, as the tool in `checkout` builds it."""
    environment = os.environ | {"PYTHONPATH": str(checkout / "codegen")}
    command = [sys.executable, "-m", "microlith", "simulate", str(model), "--target", TARGET]
    with tempfile.TemporaryDirectory() as directory:
        keep = ["--keep", directory, "--json"]
        report = json.loads(subprocess.check_output([*command, *keep], env=environment))
        functions = function_sizes(Path(directory) / "firmware.elf")
    return functions | {line: report["flash"][part] for part, line in TOTALS.items()}


def function_sizes(elf: Path) -> dict[str, int]:
    """Bytes by name of the functions in a linked ELF; those of one name are added up."""
    sizes: Counter[str] = Counter()
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        for symbol in table.iter_symbols():
            if symbol["st_info"]["type"] == "STT_FUNC":
                sizes[symbol.name] += symbol["st_size"]
    return dict(sizes)


def by_size(sizes: Sizes) -> list[str]:
    """Names in the order in which they are listed: the largest last, then the totals."""
    return sorted(sizes, key=lambda name: (name in TOTALS.values(), sizes[name], name))


def size_lines(sizes: Sizes) -> Iterator[str]:
    """A line a function."""
    for name in by_size(sizes):
        yield f"{sizes[name]:8,}  {name}"


def difference_lines(before: Sizes, after: Sizes) -> Iterator[str]:
    """A line a function whose size changed: bytes before, after, and the difference."""
    for name in by_size(dict.fromkeys(before, 0) | dict(after)):
        old, new = before.get(name, 0), after.get(name, 0)
        if old != new or name in TOTALS.values():
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
