# SPDX-License-Identifier: Apache-2.0
"""Generated PlatformIO projects, from `generate` to PASS on the emulated board."""

from __future__ import annotations

import configparser
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from microlith.cli.main import app
from microlith.simulate import measure
from microlith.simulate.measure import Image
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.match import find_target
from tests.paths import ROOT, shared_model
from tests.platformio.pio import core_directory, pio
from tests.tools import need_target

DIGITS = ROOT / "examples/digits/digits_int8.tflite"
MODELS = {
    "digits": lambda: DIGITS,
    "kws_int8": lambda: shared_model("mlperf_tiny/kws_int8.tflite"),
    "vww_int8": lambda: shared_model("mlperf_tiny/vww_int8.tflite"),
}
EMULATED = [board for board in boards.emulated() if find_target(board) is not None]
REAL = [board for board in boards.everything() if board.platformio and not board.emulated]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return core_directory(tmp_path_factory.mktemp("platformio"))


def generate(board: str, project: Path, model: Path = DIGITS, *options: str) -> dict[str, Any]:
    """Generates a project and returns its manifest."""
    arguments = ["generate", str(model), "--board", board, "-o", str(project), *options]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    manifest: dict[str, Any] = json.loads((project / "manifest.json").read_text())
    return manifest


def firmware(project: Path, environment: str) -> Image:
    path = project / ".pio/build" / environment / "firmware.elf"
    image = measure.read(path.read_bytes())
    assert image is not None
    return image


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("board", EMULATED, ids=lambda board: board.name)
def test_upload_to_an_emulated_board_passes(
    board: Board, model: str, core: Path, tmp_path: Path
) -> None:
    target = find_target(board)
    assert target is not None
    need_target(target.name)
    manifest = generate(board.name, tmp_path, MODELS[model]())
    built = pio(core, tmp_path, "run")
    assert "SUCCESS" in built
    uploaded = pio(core, tmp_path, "run", "-t", "upload")
    assert "\nPASS\n" in uploaded
    image = firmware(tmp_path, board.name)
    assert 0 <= image.size(f"{manifest['name']}_arena") - manifest["memory"]["arena"] < 16
    assert image.total(".weights") == manifest["memory"]["constants"]
    used = sum(section.size for section in image.sections if not section.empty)
    told = re.search(r"Flash:.*used (\d+) bytes", built)
    assert told is not None
    assert 0 <= used - int(told[1]) < 64


def test_cmsis_nn_is_compiled_into_the_firmware(core: Path, tmp_path: Path) -> None:
    """With a checkout in place of the one that lib_deps would download."""
    need_target("cortex-m4")
    directory = os.environ.get("CMSIS_NN_DIR")
    if not directory:
        pytest.skip("needs CMSIS-NN's directory in CMSIS_NN_DIR")
    generate("mps2-an386", tmp_path, DIGITS, "--kernels", "cmsis_nn")
    ini = tmp_path / "platformio.ini"
    assert "lib_ignore = CMSIS-NN" in (tmp_path / "microlith.ini").read_text()
    ini.write_text(ini.read_text().replace("= microlith_board", "= microlith_board\nlib_deps ="))
    assert "arm_convolve_s8.o" in pio(core, tmp_path, "run")
    assert "\nPASS\n" in pio(core, tmp_path, "run", "-t", "upload")


def test_a_wrong_output_fails_the_upload(core: Path, tmp_path: Path) -> None:
    need_target("cortex-m4")
    generate("mps2-an386", tmp_path)
    vectors = tmp_path / "lib/selftest/test_vectors.c"
    text = vectors.read_text()
    start = text.index("_test_output_0")
    vectors.write_text(text[:start] + re.sub(r"-?\d+,", "77,", text[start:]))
    printed = pio(core, tmp_path, "run", "-t", "upload", expect=1)
    assert "\nFAIL\n" in printed
    assert "the firmware ended with FAIL" in printed


def test_golden_vectors_pass_on_this_machine_and_in_the_emulator(
    core: Path, tmp_path: Path
) -> None:
    """The two test environments of a project for a real board, whose own platform is not here."""
    need_target("cortex-m4")
    generate("nucleo_f446re", tmp_path)
    printed = pio(core, tmp_path, "test", "-e", "native", "-e", "emulated")
    assert "2 test cases: 2 succeeded" in printed
    assert "\nPASS\n" in pio(core, tmp_path, "run", "-e", "emulated", "-t", "upload")


def test_a_failing_test_is_reported(core: Path, tmp_path: Path) -> None:
    generate("nucleo_f446re", tmp_path)
    (tmp_path / "test/test_golden/main.c").write_text("int main(void) { return 0; }\n")
    printed = pio(core, tmp_path, "test", "-e", "native", expect=1)
    assert "no verdict was printed" in printed


def test_the_users_files_are_never_overwritten(tmp_path: Path) -> None:
    generate("nucleo_f446re", tmp_path)
    for name in ("platformio.ini", "src/main.c"):
        (tmp_path / name).write_text("mine")
    generate("nucleo_f446re", tmp_path, DIGITS, "--keep-inputs", "--force")
    for name in ("platformio.ini", "src/main.c"):
        assert (tmp_path / name).read_text() == "mine"


def test_generating_again_writes_nothing(tmp_path: Path) -> None:
    generate("pico", tmp_path)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}
    generate("pico", tmp_path)
    assert before == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*") if p.is_file()}


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_the_configuration_is_what_a_user_of_the_board_would_write(
    board: Board, tmp_path: Path
) -> None:
    generate(board.name, tmp_path)
    ini = configparser.ConfigParser(inline_comment_prefixes=(";",), interpolation=None)
    ini.read([tmp_path / "platformio.ini", tmp_path / "microlith.ini"])
    assert ini["platformio"]["default_envs"] == board.name
    assert ini[f"env:{board.name}"]["extends"] == "microlith_board"
    assert {"env:native", "env:emulated"} <= set(ini.sections())
    section = ini["microlith_board"]
    assert board.platformio is not None
    assert section["platform"] == board.platformio.platform
    assert section["board"] == board.platformio.board
    assert section["framework"] == board.platformio.framework
    assert section["monitor_speed"] == str(board.console.baud)
    assert section.get("custom_machine_flags", "") == " ".join(board.platformio.machine_flags)
    target = find_target(board)
    assert target is not None
    library = json.loads((tmp_path / f"generated/{target.name}/model/library.json").read_text())
    assert {"-std=c11", "-ffp-contract=off"} <= set(library["build"]["flags"])
    suffix = "cpp" if board.platformio.framework == "arduino" else "c"
    assert "mr_board_init" in (tmp_path / f"src/main.{suffix}").read_text()
    assert (tmp_path / f"lib/board/board.{suffix}").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--board", "breadboard"), "there is no board"),
        (("--board", "nucleo_f446re", "--target", "cortex-m55"), "runs code for cortex-m4"),
        (("--board", "alif_e7", "--project", "platformio"), "PlatformIO does not know"),
        (("--project", "platformio"), "is for a board"),
        (("--board", "pico", "--project", "bazel"), "no project type"),
    ],
)
def test_contradictions_are_explained(
    options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["generate", str(DIGITS), "-o", str(tmp_path), *options])
    assert message in str(result.exception)
    assert not list(tmp_path.iterdir())
