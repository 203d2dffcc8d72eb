# SPDX-License-Identifier: Apache-2.0
"""Program → the layouts of other build systems: an Arduino library, a Zephyr module."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from microlith import targets
from microlith.emit.platformio import selftest_files
from microlith.emit.project import Files, source_files
from microlith.emit.templates import render
from microlith.emit.vectors import TestVectors
from microlith.errors import OptionError
from microlith.ir.program import Program

_INCLUDE = re.compile(r'^(\s*#\s*include\s+")([^"]+)(")', re.MULTILINE)

_PRAGMA = """\
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O2", "-ffp-contract=off")
#endif
"""
"""Arduino libraries cannot give compiler options: each source carries them."""


def arduino_library(program: Program, vectors: TestVectors) -> tuple[Files, Files]:
    """An Arduino library: the files written anew each time, and those that belong to the user.

    The model's own files are at the root of src/, where sketches find them; only that folder is
    an include path there, so every #include names its file relative to the includer.
    """
    sources = _sources(program)
    moved = {_arduino_path(path): text for path, text in sources.items()}
    moved |= {f"src/{path}": text for path, text in selftest_files(program, vectors).items()}
    related = relative_includes(moved, ("src", "src/microlith", "src/microlith/include"))
    files = {
        path: _PRAGMA + text if path.endswith(".c") else text for path, text in related.items()
    }
    view = _view(program)
    files["library.properties"] = render("arduino/library.properties.j2", p=view)
    once = {"examples/selftest/selftest.ino": render("arduino/selftest.ino.j2", p=view)}
    return dict(sorted(files.items())), once


def zephyr_module(program: Program, vectors: TestVectors) -> tuple[Files, Files]:
    """A Zephyr module with a sample: the files written anew each time, and those that belong to
    the user."""
    files = _sources(program)
    view = _view(program) | {"sources": [path for path in files if path.endswith(".c")]}
    files |= {f"selftest/{path}": text for path, text in selftest_files(program, vectors).items()}
    for path in ("CMakeLists.txt", "Kconfig"):
        files[path] = render(f"zephyr/{path}.j2", p=view)
    files["zephyr/module.yml"] = render("zephyr/module.yml.j2", p=view)
    sample = "samples/selftest"
    once = {
        f"{sample}/CMakeLists.txt": render("zephyr/sample_CMakeLists.txt.j2", p=view),
        f"{sample}/prj.conf": render("zephyr/prj.conf.j2", p=view),
        f"{sample}/sample.yaml": render("zephyr/sample.yaml.j2", p=view),
        f"{sample}/src/main.c": render("zephyr/main.c.j2", p=view),
    }
    return dict(sorted(files.items())), once


def relative_includes(files: Mapping[str, str], search: tuple[str, ...]) -> Files:
    """The files with every #include "x" of one of them made relative to the includer: it is looked
    for beside the includer, then in the folders `search`."""

    def rewrite(path: str, text: str) -> str:
        here = posixpath.dirname(path)

        def replace(match: re.Match[str]) -> str:
            for folder in (here, *search):
                found = posixpath.normpath(posixpath.join(folder, match[2]))
                if found in files:
                    return match[1] + posixpath.relpath(found, here) + match[3]
            return match[0]

        return _INCLUDE.sub(replace, text)

    return {path: rewrite(path, text) for path, text in files.items()}


def _arduino_path(path: str) -> str:
    return f"src/{path.removeprefix('model/')}"


def _sources(program: Program) -> Files:
    if program.uses_cmsis_nn:
        raise OptionError(
            "CMSIS-NN cannot be brought along in this layout",
            where="--project",
            fix="leave out --kernels and --cmsis-nn, or take --project platformio or cmake",
        )
    return source_files(program, targets.get(program.target))


def _view(program: Program) -> dict[str, Any]:
    return {
        "name": program.name,
        "macro": program.name.upper(),
        "model_name": program.model_name,
        "target": program.target,
        "arena": program.memory.arena,
        "constants": program.weights_size,
        "fpu": "fpu" in targets.get(program.target).features,
    }
