# SPDX-License-Identifier: Apache-2.0
"""The runtime's files that a program needs: the interpreter, its headers, the kernels it calls.

What a file includes is read from the file itself, so no list of files stands here.
"""

from __future__ import annotations

import re
from pathlib import Path

from microlith import resources
from microlith.ir.program import Program

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def runtime_files(program: Program) -> dict[str, str]:
    """Text by path below micro_runtime/, sorted: only kernels that the program calls."""
    root = resources.path("micro_runtime")
    wanted = [root / "interpreter.c"]
    wanted += [root / "kernels" / c.backend / f"{c.source}.c" for c in program.calls]
    found: dict[Path, str] = {}
    while wanted:
        path = wanted.pop()
        if path not in found:
            found[path] = path.read_text(encoding="utf-8")
            wanted += [_resolve(name, path, root) for name in _INCLUDE.findall(found[path])]
    return {path.relative_to(root).as_posix(): found[path] for path in sorted(found)}


def _resolve(name: str, includer: Path, root: Path) -> Path:
    """An included file: beside its includer, else below include/, else below micro_runtime/."""
    for folder in (includer.parent, root / "include", root):
        if (folder / name).is_file():
            return folder / name
    raise AssertionError(f"{includer} includes {name}, which is not part of the runtime")
