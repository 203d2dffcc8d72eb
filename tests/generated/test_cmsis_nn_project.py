# SPDX-License-Identifier: Apache-2.0
"""Projects whose kernels call CMSIS-NN build where it is given, and else say how to get it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import microlith
from microlith.kernels.cmsis_nn.library import REPOSITORY, VERSION
from tests.cmsis_nn import Library
from tests.conformance.bench import pack
from tests.conformance.weighted import Conv, Depthwise, FullyConnected
from tests.tools import need_target

MODEL = pack([Conv(), Depthwise(), FullyConnected()])


@pytest.fixture
def project(cmsis_nn: Library, tmp_path: Path) -> Path:
    need_target("cortex-m4")
    program = microlith.compile(MODEL, target="cortex-m4", name="three", kernels="cmsis_nn")
    program.write(tmp_path)
    return tmp_path


def run(project: Path, *command: str) -> tuple[int, str]:
    """Exit code and output of a command, without CMSIS_NN_DIR in its environment."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    environment = {k: v for k, v in os.environ.items() if k != "CMSIS_NN_DIR"}
    result = subprocess.run(
        command,
        cwd=project,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return result.returncode, " ".join(result.stdout.split())


def test_make(project: Path, cmsis_nn: Library) -> None:
    code, said = run(project, "make", "run")
    assert code != 0
    assert f"git clone --branch v{VERSION} --depth 1 {REPOSITORY}" in said
    code, said = run(project, "make", "run", f"CMSIS_NN_DIR={cmsis_nn.directory}")
    assert code == 0 and said.endswith("PASS"), said
    assert run(project, "make", "clean")[0] == 0


def test_cmake(project: Path, cmsis_nn: Library) -> None:
    code, said = run(project, "cmake", "-B", "build", ".")
    assert code != 0
    assert "-DCMSIS_NN_DIR=DIR" in said
    code, said = run(project, "cmake", "-B", "build", f"-DCMSIS_NN_DIR={cmsis_nn.directory}", ".")
    assert code == 0, said
    code, said = run(project, "cmake", "--build", "build")
    assert code == 0, said
    code, said = run(project, "ctest", "--test-dir", "build")
    assert code == 0, said


def test_manifest_and_readme_name_the_library(project: Path, cmsis_nn: Library) -> None:
    manifest = json.loads((project / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["options"]["kernels"] == "cmsis_nn"
    assert {kernel["backend"] for kernel in manifest["kernels"]} == {"cmsis_nn"}
    sources = manifest["cmsis_nn"]["sources"]
    assert "Source/ConvolutionFunctions/arm_convolve_wrapper_s8.c" in sources
    assert all((cmsis_nn.directory / source).is_file() for source in sources)
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert all(source in readme for source in sources)
