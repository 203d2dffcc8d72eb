# SPDX-License-Identifier: Apache-2.0
"""`microlith build`, `flash` and `run`: on an emulated board, and against a fake one."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from microlith import deploy, platformio
from microlith.cli.main import app
from microlith.errors import MicrolithError
from tests.platformio.pio import core_directory
from tests.platformio.test_projects import DIGITS, generate
from tests.tools import need_target

# A `pio` that builds and flashes nothing, and fails as the environment variable says.
FAKE_PIO = """\
#!{python}
import os, sys
print("pio", *sys.argv[1:])
message = os.environ.get("FAKE_PIO_FAILS")
if message:
    print(message)
    sys.exit(1)
"""


@pytest.fixture
def fake_pio(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path_factory.mktemp("bin") / "pio"
    script.write_text(FAKE_PIO.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setattr(platformio, "find", lambda: str(script))


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def error(result: Result) -> str:
    assert isinstance(result.exception, MicrolithError)
    return str(result.exception)


@contextmanager
def board_that_prints(text: bytes) -> Iterator[str]:
    """A serial port at whose other end a board prints `text` again and again."""
    board_side, host_side = os.openpty()
    os.set_blocking(board_side, False)
    ended = threading.Event()

    def talk() -> None:
        while not ended.wait(0.05):
            with suppress(BlockingIOError):
                os.write(board_side, text)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield os.ttyname(host_side)
    finally:
        ended.set()
        talker.join()
        os.close(board_side)
        os.close(host_side)


def test_an_emulated_board_runs_what_is_flashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_target("cortex-m4")
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", str(core_directory(tmp_path)))
    kept = tmp_path / "kept"
    result = invoke("run", str(DIGITS), "--board", "mps2-an386", "-o", str(kept), "--quiet")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "PASS"
    built = invoke("build", str(kept), "--quiet")
    lines = [line.replace(",", "").split() for line in built.stdout.splitlines()]
    assert [line[0] for line in lines] == ["arena", "constants"]
    # Both are aligned to 16 bytes, the end of the constants included.
    assert all(0 <= int(line[1]) - int(line[-1]) < 16 for line in lines)


@pytest.mark.usefixtures("fake_pio")
class TestFakeBoard:
    @pytest.fixture
    def project(self, tmp_path: Path) -> str:
        generate("nucleo_f446re", tmp_path)
        return str(tmp_path)

    @pytest.mark.parametrize(("verdict", "code"), [("PASS", 0), ("FAIL", 1)])
    def test_the_boards_verdict_is_the_exit_code(
        self, project: str, verdict: str, code: int
    ) -> None:
        text = f"\x00\xffnoise\r\nsample 0\r\n  output 0: 1 2\r\n{verdict}\r\n"
        with board_that_prints(text.encode("latin-1")) as port:
            result = invoke("flash", project, "--port", port, "--monitor")
        assert result.exit_code == code
        assert verdict in result.stdout
        assert f"--upload-port {port}" in result.output

    def test_a_board_that_prints_something_else(self, project: str) -> None:
        with board_that_prints(b"Hello, world\n") as port:
            result = invoke("flash", project, "--port", port, "--monitor", "--timeout", "0.3")
        assert "neither PASS nor FAIL" in error(result)

    def test_a_board_that_prints_nothing(self, project: str) -> None:
        with board_that_prints(b"") as port:
            result = invoke("flash", project, "--port", port, "--monitor", "--timeout", "0.3")
        assert "said nothing" in error(result)

    def test_a_monitor_needs_a_port(self, project: str) -> None:
        assert "give --port" in error(invoke("flash", project, "--monitor"))

    def test_without_a_monitor_flashing_is_enough(self, project: str) -> None:
        result = invoke("flash", project)
        assert result.exit_code == 0
        assert "-t upload" in result.output

    def test_a_failed_upload_comes_with_a_hint(
        self, project: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAKE_PIO_FAILS", "Error: open failed")
        assert "is the board connected" in error(invoke("flash", project))

    def test_the_test_firmware_is_flashed_before_a_verification(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FAKE_PIO_FAILS", "region `FLASH' overflowed by 9 bytes")
        arguments = ("--board", "nucleo_f446re", "--port", "/dev/none", "--upload")
        assert "FLASH is 9 bytes too small" in error(invoke("verify", str(DIGITS), *arguments))


def test_a_directory_without_a_project(tmp_path: Path) -> None:
    assert "no project for a board" in error(invoke("flash", str(tmp_path)))


def test_unknown_failures_point_to_the_messages() -> None:
    assert deploy.hint("something else") == "see the messages above"
