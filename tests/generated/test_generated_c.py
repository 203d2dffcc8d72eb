# SPDX-License-Identifier: Apache-2.0
"""Generated C compiles without warnings everywhere, runs clean under sanitizers, and is the same
every time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import microlith
from microlith import execute, targets
from microlith.emit.files import write_files
from microlith.emit.project import source_files
from microlith.errors import UnsupportedModelError
from microlith.ir.program import Program
from microlith.verify.inputs import concatenate, extreme_inputs, random_inputs
from tests.generated.models import SNAPSHOTS, model_files

STRICT = ["-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
COMPILERS = {
    "gcc": ["gcc", *STRICT],
    "clang": ["clang", *STRICT],
    "arm-none-eabi-gcc": ["arm-none-eabi-gcc", *STRICT, "-mcpu=cortex-m4", "-mthumb"],
}


def compiled(path: Path, target: str) -> Program:
    try:
        return microlith.compile(path, target=target)
    except UnsupportedModelError as error:
        pytest.skip(f"not compiled yet: {error.problems[0]}")


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_compiles_without_warnings(path: Path, compiler: str, tmp_path: Path) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    target = targets.get("cortex-m4" if compiler.startswith("arm") else "host")
    program = compiled(path, target.name)
    write_files(source_files(program, target), tmp_path, force=True)
    include = [f"-I{tmp_path / part}" for part in ("model", "microlith", "microlith/include")]
    sources = [*tmp_path.glob("model/*.c"), *tmp_path.glob("microlith/**/*.c")]
    for source in sources:
        command = [*COMPILERS[compiler], *include, "-c", str(source), "-o", str(tmp_path / "o.o")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_header_is_valid_cxx(name: str, tmp_path: Path) -> None:
    program = microlith.compile(SNAPSHOTS[name](), name=name)
    write_files(source_files(program, targets.get("host")), tmp_path, force=True)
    (tmp_path / "user.cpp").write_text(f'#include "{name}.h"\nint main() {{ return 0; }}\n')
    include = [f"-I{tmp_path / part}" for part in ("model", "microlith/include")]
    command = ["g++", "-Wall", "-Wextra", "-Werror", *include, "-c", "user.cpp"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_runs_clean_under_sanitizers(path: Path) -> None:
    program = compiled(path, "host")
    inputs = concatenate(random_inputs(program.inputs, 1, 5), extreme_inputs(program.inputs))
    execute.simulate(program, inputs, sanitize=True)


@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_the_same_model_gives_the_same_bytes(path: Path) -> None:
    target = targets.get("cortex-m4")
    first, second = (source_files(compiled(path, target.name), target) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("bands", [1, 2, 5])
@pytest.mark.parametrize("path", model_files(), ids=lambda path: path.stem)
def test_bands_of_rows_give_the_same_bytes(path: Path, bands: int) -> None:
    """The seam of row streaming: kernels called on bands compute what they compute at once."""
    whole = compiled(path, "host")
    banded = microlith.compile(path, row_bands=bands)
    inputs = random_inputs(whole.inputs, 2, 3)
    expected, found = whole.simulate(inputs).outputs, banded.simulate(inputs).outputs
    for key, values in expected.items():
        assert values.tobytes() == found[key].tobytes(), key
