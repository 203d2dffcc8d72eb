# SPDX-License-Identifier: Apache-2.0
"""Boards that PlatformIO does not know: built by make or CMake, flashed by a fake pyOCD."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from microlith import doctor, pyocd
from microlith.simulate import measure
from microlith.targets import boards
from tests.cli.conftest import Microlith
from tests.platformio.test_projects import generate
from tests.tools import need_program, need_target

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake pyocd is a script")

BOARDS = [board for board in boards.everything() if board.pyocd]

# Notes its arguments, fails as the environment variable says, and prints what a board would,
# without ending: pyOCD goes on when the firmware has done its work.
FAKE = """\
#!{python}
import os, sys, time
with open(os.environ["FAKE_PYOCD_LOG"], "a") as log:
    print(*sys.argv[1:], file=log)
message = os.environ.get("FAKE_PYOCD_FAILS")
if message:
    sys.exit(message)
if sys.argv[1] == "run":
    print(os.environ.get("FAKE_PYOCD_PRINTS", ""), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fake pyocd notes how it was called."""
    script = tmp_path / "bin" / "pyocd"
    script.parent.mkdir()
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("FAKE_PYOCD_LOG", str(tmp_path / "log"))
    monkeypatch.setattr(pyocd, "find", lambda: str(script))
    return tmp_path / "log"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_target("cortex-m55")
    need_program("make")
    directory = tmp_path_factory.mktemp("project")
    generate("alif_e7", directory)
    return directory


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_the_firmware_lies_in_the_boards_memories(
    board: boards.Board, microlith: Microlith, tmp_path: Path
) -> None:
    need_target("cortex-m55")
    need_program("make")
    generate(board.name, tmp_path)
    built = microlith("build", tmp_path, "--quiet")
    lines = [line.split() for line in built.out.splitlines()]
    assert [line[0] for line in lines] == ["arena", "constants"], built.err
    image = measure.read((tmp_path / "build/digits_int8.elf").read_bytes())
    assert image is not None
    assert 0 <= image.size("digits_int8_arena") - int(lines[0][-1].replace(",", "")) < 16
    memories = {memory.name: memory for memory in board.memories}
    for symbol, place in (
        ("digits_int8_arena", "arena"),
        ("digits_int8_weights", "weights"),
        ("mr_port_reset", "code"),
        ("mr_stack_limit", "stack"),
    ):
        memory = memories[board.placement[place]]
        assert memory.origin <= image.address(symbol) < memory.end


def test_cmake_builds_it_too(project: Path) -> None:
    need_program("cmake")
    for command in (["cmake", "-B", "cmake"], ["cmake", "--build", "cmake"]):
        subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=120)
    assert (project / "cmake/digits_int8.elf").is_file()
    printed = subprocess.run(
        ["cmake", "--build", "cmake", "--target", "help"],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {"... flash", "... run"} <= set(printed.splitlines())


def test_flash_loads_the_firmware(project: Path, log: Path, microlith: Microlith) -> None:
    ending = microlith("flash", project)
    assert ending.code == 0, ending.err
    wanted = f"load --no-wait --target ae722f80f55d5ls_hp {project}/build/digits_int8.elf\n"
    assert log.read_text() == wanted


@pytest.mark.parametrize(("verdict", "code"), [("PASS", 0), ("FAIL", 1)])
def test_the_verdict_comes_through_the_probe(
    verdict: str,
    code: int,
    project: Path,
    log: Path,
    microlith: Microlith,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_PYOCD_PRINTS", f"sample 0\n  output 0: 1 2\n{verdict}\nsample 0")
    ending = microlith("flash", project, "--monitor")
    assert ending.code == code
    assert ending.out.splitlines()[-2:] == ["  output 0: 1 2", verdict]
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["load", "run"]


@pytest.mark.usefixtures("log")
def test_a_board_that_says_nothing(
    project: Path, microlith: Microlith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_PYOCD_PRINTS", "Hello")
    ending = microlith("flash", project, "--monitor", "--timeout", "1")
    assert ending.code == 2
    assert "pyocd did not end within 1 s" in ending.err and "raise --timeout" in ending.err


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("0001855 E No target device available [load_cmd]", "connect the board's debug port"),
        (
            "Target type ae722f80f55d5ls_hp not recognized. Use 'pyocd list --targets'",
            "`pyocd pack install AE722F80F55D5LS`",
        ),
        ("something else", "see the messages above"),
    ],
)
def test_failures_come_with_a_hint(
    message: str,
    advice: str,
    project: Path,
    microlith: Microlith,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_PYOCD_FAILS", message)
    ending = microlith("flash", project)
    assert ending.code == 2
    assert "board alif_e7: pyocd load failed" in ending.err and advice in ending.err


def test_without_pyocd_the_way_to_get_it_is_told(
    project: Path, microlith: Microlith, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **rest: None if name == "pyocd" else real(name, **rest)
    )
    ending = microlith("flash", project)
    assert ending.code == 2
    assert "pyOCD is needed" in ending.err and "pip install 'microlith[flash]'" in ending.err
    check = next(check for check in doctor.examine() if check.name == "pyocd")
    assert check.found is None and "pip install" in check.fix
