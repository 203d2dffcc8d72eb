# SPDX-License-Identifier: Apache-2.0
"""The runtime's files that a program needs: the interpreter, its headers, the kernels it calls.

What a file includes is read from the file itself, so no list of files stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from microlith import resources
from microlith.emit.model import headers
from microlith.ir.program import Program

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def runtime_files(program: Program) -> dict[str, str]:
    """Text by path below micro_runtime/, sorted: only kernels that the program calls."""
    root = resources.path("micro_runtime")
    own = [root / "include" / name for name in (*headers(program), "params.h")]
    kernels = [root / "kernels" / call.backend / f"{call.source}.c" for call in program.calls]
    found = with_headers([root / "interpreter.c", *own, *kernels])
    return {path.relative_to(root).as_posix(): text for path, text in found.items()}


def with_headers(sources: Iterable[Path]) -> dict[Path, str]:
    """Text of runtime sources and of all runtime headers that they include, sorted by path."""
    root = resources.path("micro_runtime")
    wanted = list(sources)
    found: dict[Path, str] = {}
    while wanted:
        path = wanted.pop()
        if path not in found:
            found[path] = path.read_text(encoding="utf-8")
            wanted += [_resolve(name, path, root) for name in _INCLUDE.findall(found[path])]
    return dict(sorted(found.items()))


def _resolve(name: str, includer: Path, root: Path) -> Path:
    """An included file: beside its includer, in include/, in port/, or below micro_runtime/."""
    for folder in (includer.parent, root / "include", root / "port", root):
        if (folder / name).is_file():
            return folder / name
    raise AssertionError(f"{includer} includes {name}, which is not part of the runtime")
