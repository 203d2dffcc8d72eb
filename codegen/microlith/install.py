# SPDX-License-Identifier: Apache-2.0
"""Adds Microlith to a project that exists: models are compiled when the project is built."""

from __future__ import annotations

import json
from pathlib import Path

from microlith import resources, targets
from microlith.emit.files import MANIFEST, write_files
from microlith.emit.platformio import library_files
from microlith.emit.project import manifest
from microlith.errors import OptionError
from microlith.ir.program import Program

_SYSTEMS = {
    "platformio.ini": (
        "platformio/microlith_models.py",
        "scripts/microlith_models.py",
        "add to your [env] in platformio.ini: extra_scripts = pre:scripts/microlith_models.py",
    ),
    "CMakeLists.txt": (
        "cmake/microlith.cmake",
        "cmake/microlith.cmake",
        "add to your CMakeLists.txt: include(cmake/microlith.cmake) and "
        "microlith_add_model(TARGET NAME MODEL models/NAME.tflite)",
    ),
}
"""By the file that tells a build system: our script, where it goes, and what the user adds."""


def add_to_project(directory: Path) -> list[str]:
    """Copies the script for each build system of the project and returns what is left to do.

    Raises OptionError when there is no project, or the script was edited.
    """
    found = [entry for name, entry in _SYSTEMS.items() if (directory / name).is_file()]
    if not found:
        raise OptionError(
            f"there is neither a {' nor a '.join(_SYSTEMS)}",
            where=str(directory),
            fix="name the directory of a project",
        )
    steps = []
    for template, place, advice in found:
        text = resources.path("templates", template).read_text(encoding="utf-8")
        path = directory / place
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise OptionError("would be overwritten", where=str(path), fix="remove it first")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        steps += [f"{path}: installed", advice]
    (directory / "models").mkdir(exist_ok=True)
    return [*steps, f"put your .tflite files into {directory / 'models'}"]


def write_library(program: Program, directory: Path, *, force: bool = False) -> None:
    """Writes the sources of `program` alone, with the manifest of a PlatformIO library, for
    projects that have a build of their own. Raises as firmware.write_project() does for files that
    were edited."""
    files = library_files(program, targets.get(program.target))
    text = json.dumps(manifest(program, files), indent=2) + "\n"
    write_files(files | {MANIFEST: text}, directory, force=force)
