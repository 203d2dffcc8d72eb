# SPDX-License-Identifier: Apache-2.0
"""Compiles C sources, each combination of content, compiler and options only once.

Objects are kept in MICROLITH_CACHE_DIR (default: ~/.cache/microlith), named by a hash of all that
they depend on; the directory can be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from microlith.errors import ToolError
from microlith.simulate import toolchain
from microlith.simulate.toolchain import Toolchain

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]', re.MULTILINE)


def cache_directory() -> Path:
    """Where built files are kept; created when absent, ToolError when that fails."""
    chosen = os.environ.get("MICROLITH_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(chosen) if chosen else Path(base, "microlith")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(
            f"cannot create the cache directory {path}: {error}",
            fix="set MICROLITH_CACHE_DIR to a directory that can be written",
        ) from error
    return path


def cached(key: str, suffix: str, make: Callable[[Path], None]) -> Path:
    """The cached file of that key; `make` writes it, to the path that it is given, when absent.

    Several processes may do so at once: a file appears complete or not at all.
    """
    path = cache_directory() / f"{key}{suffix}"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            made = Path(scratch, f"new{suffix}")
            make(made)
            made.replace(path)
    return path


def digest(parts: Iterable[bytes]) -> str:
    """A name for the list of byte strings."""
    state = hashlib.sha256()
    for part in parts:
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


def compile_all(
    tools: Toolchain, sources: Sequence[Path], flags: Sequence[str], include: Sequence[Path]
) -> list[Path]:
    """Objects of `sources`, in that order. `include` are directories of headers."""

    def compile_one(source: Path) -> Path:
        return _compile(tools, source, flags, include)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(compile_one, sources))


def _compile(tools: Toolchain, source: Path, flags: Sequence[str], include: Sequence[Path]) -> Path:
    files = [source, *_headers(source, include)]
    settings = "\n".join([tools.identity, source.name, *flags])
    key = digest([settings.encode(), *(file.read_bytes() for file in files)])
    search = [f"-I{directory}" for directory in include]

    def make(path: Path) -> None:
        command = [tools.compiler, *flags, *search, "-c", str(source), "-o", str(path)]
        toolchain.execute(command)

    return cached(key, ".o", make)


def _headers(source: Path, include: Sequence[Path]) -> list[Path]:
    """All headers that `source` includes, directly or not, each once; the compiler's own are in
    none of the directories."""
    found: dict[Path, None] = {}
    pending = [source]
    while pending:
        file = pending.pop()
        for name in _INCLUDE.findall(file.read_bytes()):
            for directory in (file.parent, *include):
                header = directory / os.fsdecode(name)
                if header.is_file():
                    if header not in found:
                        found[header] = None
                        pending.append(header)
                    break
    return list(found)
