# SPDX-License-Identifier: Apache-2.0
"""Models that are compiled by the build of an existing project, when they change and only then."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from microlith.cli.main import app
from tests.platformio.pio import core_directory, pio
from tests.platformio.test_projects import DIGITS, generate
from tests.tools import need_target

MAIN = """\
#include "digits.h"

MR_ALIGNED(MR_ARENA_ALIGNMENT) static uint8_t arena[DIGITS_ARENA_SIZE];
static digits_t model;

void mr_print(const char *text);

int main(void)
{
    int good = digits_init(&model, arena, sizeof arena) == MR_OK && digits_invoke(&model) == MR_OK;
    mr_print(good ? "PASS\\n" : "FAIL\\n");
    return !good;
}
"""

COMPILING = "Compiling models"


def write_command(path: Path) -> Path:
    """A `microlith` that is this checkout's."""
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m microlith "$@"\n')
    path.chmod(0o755)
    return path


def add(project: Path) -> None:
    result = CliRunner().invoke(app, ["add", str(project)], catch_exceptions=False)
    assert result.exit_code == 0


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROLITH", str(write_command(tmp_path / "microlith")))


def change(model: Path) -> None:
    """Alters a byte of the file that no compilation reads: its version string's padding."""
    model.write_bytes(model.read_bytes() + b"\0")


@pytest.mark.usefixtures("command")
@pytest.mark.skipif(sys.platform == "win32", reason="the command is a shell script")
def test_platformio_compiles_a_model_when_it_or_an_option_changes(tmp_path: Path) -> None:
    need_target("cortex-m4")
    core = core_directory(tmp_path)
    generate("mps2-an386", tmp_path / "other")
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src/main.c").write_text(MAIN)
    ini = project / "platformio.ini"
    ini.write_text(
        "[env:board]\nplatform = symlink://${PROJECT_DIR}/../other/platform\n"
        "board = mps2-an386\nextra_scripts = pre:scripts/microlith_models.py\n"
    )
    add(project)
    shutil.copy(DIGITS, project / "models/digits.tflite")

    first = pio(core, project, "run", "-t", "upload")
    assert COMPILING in first and "\nPASS\n" in first
    again = pio(core, project, "run")
    assert COMPILING not in again and "main.o" not in again
    change(project / "models/digits.tflite")
    assert COMPILING in pio(core, project, "run")
    assert COMPILING not in pio(core, project, "run")
    ini.write_text(ini.read_text() + "custom_microlith_options = --keep-inputs\n")
    assert COMPILING in pio(core, project, "run")
    last = pio(core, project, "run", "-t", "upload")
    assert COMPILING not in last and "\nPASS\n" in last


@pytest.mark.usefixtures("command")
@pytest.mark.skipif(sys.platform == "win32", reason="the command is a shell script")
@pytest.mark.skipif(shutil.which("cmake") is None, reason="needs cmake")
def test_cmake_compiles_a_model_when_it_changes(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.c").write_text(
        MAIN.replace("void mr_print(const char *text);", "#include <stdio.h>").replace(
            "mr_print", "(void)printf"
        )
    )
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(app C)\n"
        "include(cmake/microlith.cmake)\n"
        "microlith_add_model(TARGET digits MODEL models/digits.tflite)\n"
        "add_executable(app main.c)\ntarget_link_libraries(app digits)\n"
    )
    add(project)
    model = project / "models/digits.tflite"
    shutil.copy(DIGITS, model)

    def cmake(*arguments: str) -> None:
        subprocess.run(["cmake", *arguments], cwd=project, check=True, timeout=300)

    cmake("-B", "build", f"-DMICROLITH={tmp_path / 'microlith'}")
    cmake("--build", "build")
    run = subprocess.run([project / "build/app"], capture_output=True, text=True, check=True)
    assert run.stdout == "PASS\n"
    manifest = project / "build/microlith/digits/manifest.json"
    before = manifest.read_text()
    cmake("--build", "build")
    assert manifest.read_text() == before
    change(model)
    cmake("--build", "build")
    assert manifest.read_text() != before


def test_only_a_project_can_be_added_to(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["add", str(tmp_path)])
    assert "neither a platformio.ini nor a CMakeLists.txt" in str(result.exception)


def test_an_edited_script_is_kept(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_text("")
    add(tmp_path)
    add(tmp_path)
    (tmp_path / "scripts/microlith_models.py").write_text("mine")
    result = CliRunner().invoke(app, ["add", str(tmp_path)])
    assert "would be overwritten" in str(result.exception)
