# SPDX-License-Identifier: Apache-2.0
"""Generated projects build and pass on every target, with make and with CMake."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import microlith
from tests.paths import ROOT
from tests.tools import TARGETS, need_program, need_target

MODEL = ROOT / "examples" / "digits" / "digits_int8.tflite"


def output_of(directory: Path, *command: str) -> str:
    """What a command prints; it must succeed, without a warning."""
    need_program(command[0])
    result = subprocess.run(
        command,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "warning" not in result.stdout
    return result.stdout


@pytest.fixture(params=TARGETS)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    need_target(request.param)
    microlith.compile(MODEL, target=request.param).write(tmp_path / "firmware")
    return tmp_path / "firmware"


def test_make_run_passes(project: Path) -> None:
    assert output_of(project, "make", "-j2", "run").splitlines()[-1] == "PASS"


def test_cmake_and_ctest_pass(project: Path) -> None:
    output_of(project, "cmake", "-B", "build")
    output_of(project, "cmake", "--build", "build", "-j2")
    assert "100% tests passed" in output_of(project, "ctest", "--test-dir", "build")
