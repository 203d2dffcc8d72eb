# SPDX-License-Identifier: Apache-2.0
"""`verify --port` against a fake board: the test firmware as a program behind a pseudo terminal."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

import microlith
from microlith import deploy, targets
from microlith.cli.main import app
from microlith.emit.platformio import harness_project
from microlith.emit.project import source_files
from microlith.errors import ToolError
from microlith.ir.program import Program
from microlith.simulate import link, remote
from microlith.simulate.link import Decoder, encode
from microlith.targets import boards
from microlith.verify.inputs import random_inputs
from tests.paths import ROOT
from tests.tools import need_target

DIGITS = ROOT / "examples/digits/digits_int8.tflite"
BOARD = "nucleo_f446re"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are of POSIX")


@pytest.fixture(scope="module")
def program() -> Program:
    return microlith.compile(DIGITS, target="host")


def build(program: Program, directory: Path, break_layer: bool = False) -> Path:
    """The fake board: the harness project's own sources, with another main()."""
    # The project is made for a board; its sources for this machine are those of `program`.
    board = boards.get(BOARD)
    files = harness_project(microlith.compile(DIGITS, target="cortex-m4"), board, "")
    files = {path: text for path, text in files.items() if path.startswith("lib/harness/")}
    files |= source_files(program, targets.get("host"))
    identity = remote.identity(program, BOARD)
    files["identity.c"] = f'#include "link.h"\nconst char mr_link_identity[] = "{identity}";\n'
    del files["lib/harness/identity.c"]
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    if break_layer:
        weights = directory / f"model/{program.name}_weights.c"
        weights.write_text(weights.read_text().replace("-3,", "-4,"))
    folders = ("lib/harness", "model", "microlith", "microlith/include")
    binary = directory / "board"
    command = [
        *("cc", "-std=gnu11", "-O1", "-ffp-contract=off"),
        *(f"-I{directory / folder}" for folder in folders),
        *map(str, [*directory.rglob("*.c"), Path(__file__).with_name("fake_board.c")]),
        *("-lm", "-o", str(binary)),
    ]
    subprocess.run(command, check=True, timeout=300)
    return binary


@pytest.fixture(scope="module")
def firmware(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(program, tmp_path_factory.mktemp("board"))


@contextmanager
def connected(*command: str | Path) -> Iterator[str]:
    """Starts a program with a serial port of its own and gives the port's name."""
    board_side, host_side = os.openpty()
    port = os.ttyname(host_side)
    process = subprocess.Popen([*map(str, command)], stdin=board_side, stdout=board_side)
    os.close(board_side)
    try:
        yield port
    finally:
        process.kill()
        process.wait()
        os.close(host_side)


@dataclass
class BadLine:
    """A line that spoils bytes in both directions, now and then."""

    line: link.Line
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def in_waiting(self) -> int:
        return self.line.in_waiting

    def read(self, size: int = 1) -> bytes:
        data = bytearray(self.line.read(size))
        if data and self.dice.random() < 0.02:
            data[self.dice.randrange(len(data))] ^= 0xFF
        return bytes(data) if self.dice.random() > 0.02 else b"\xc5noise" + bytes(data)

    def write(self, data: bytes) -> int | None:
        damaged = bytearray(data)
        if self.dice.random() < 0.05:
            damaged[-1] ^= 0xFF
        return self.line.write(bytes(damaged))


def test_a_board_computes_what_the_reference_computes(program: Program, firmware: Path) -> None:
    with connected(firmware) as port, remote.open_port(port, 115200) as line:
        for _ in range(2):  # the firmware serves one run after the other
            verification = deploy.verify_on_board(program, line, BOARD, samples=2, seed=0)
            assert verification.passed


def test_noise_on_the_line_costs_time_and_nothing_else(
    program: Program, firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.1)
    with connected(firmware) as port, remote.open_port(port, 115200) as line:
        verification = deploy.verify_on_board(program, BadLine(line), BOARD, samples=1, seed=0)
        assert verification.passed


def test_a_wrong_weight_on_the_board_is_found(program: Program, tmp_path: Path) -> None:
    with (
        connected(build(program, tmp_path, break_layer=True)) as port,
        remote.open_port(port, 115200) as line,
    ):
        verification = deploy.verify_on_board(program, line, BOARD, samples=1, seed=0)
        assert not verification.passed


def test_another_firmware_is_refused(program: Program, firmware: Path) -> None:
    with (
        connected(firmware) as port,
        remote.open_port(port, 115200) as line,
        pytest.raises(ToolError, match=r"the board runs 'microlith 1 .*nucleo_f446re', not"),
    ):
        deploy.verify_on_board(program, line, "pico", samples=1, seed=0)


def test_a_board_that_says_nothing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "ANSWER_LIMIT", 0.5)
    with (
        connected("sleep", "60") as port,
        remote.open_port(port, 115200) as line,
        pytest.raises(ToolError, match="nothing answered"),
    ):
        deploy.verify_on_board(program, line, BOARD, samples=1, seed=0)


def test_a_board_that_says_something_else(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ANSWER_LIMIT", 0.5)
    with (
        connected("yes", "hello") as port,
        remote.open_port(port, 115200) as line,
        pytest.raises(ToolError, match="bytes came, but nothing"),
    ):
        deploy.verify_on_board(program, line, BOARD, samples=1, seed=0)


def test_a_board_that_falls_silent(
    program: Program, firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(self: link.Session, frame: link.Frame, payload: bytes) -> None:
        if frame.kind == "H":
            self.line.write(encode("A", frame.sequence, payload))

    monkeypatch.setattr(link.Session, "_answer", forget)
    monkeypatch.setattr(link, "PATIENCE", 60.0)
    with (
        connected(firmware) as port,
        remote.open_port(port, 115200) as line,
        pytest.raises(ToolError, match="fell silent"),
    ):
        deploy.verify_on_board(program, line, BOARD, samples=1, seed=0, time_limit=0.5)


def test_a_port_that_is_not_there(program: Program) -> None:
    with pytest.raises(ToolError, match="cannot be opened"), remote.open_port("/dev/none", 9600):
        pass


def test_the_command_line_verifies_on_a_board(
    firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake board runs the code of this machine: the command is told that the board does."""
    monkeypatch.setattr("microlith.cli.project.target_for", lambda board: targets.get("host"))
    with connected(firmware) as port:
        arguments = ["verify", str(DIGITS), "--board", BOARD, "--port", port, "--samples", "1"]
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output


def test_a_board_counts_cycles_of_every_step(program: Program, firmware: Path) -> None:
    inputs = random_inputs(program.inputs, 3, 0)
    with connected(firmware) as port, remote.open_port(port, 115200) as line:
        for _ in range(2):
            counts = remote.count_on_board(program, inputs, line, BOARD)
            assert counts.hertz == 1_000_000_000
            assert [len(steps) for steps in counts.samples] == [len(program.steps)] * 3
            assert all(cycles > 0 for steps in counts.samples for cycles in steps)


def test_a_counter_that_stands_still(
    program: Program, firmware: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link.Session, "run", lambda self: _write_zeros(self.directory, program))
    with pytest.raises(ToolError, match="stands still"):
        remote.count_on_board(program, random_inputs(program.inputs, 1, 0), BadLine, BOARD)  # type: ignore[arg-type]


def _write_zeros(directory: Path, program: Program) -> int:
    (directory / "cycles.bin").write_bytes(bytes(4 * (1 + len(program.steps))))
    return 0


def test_the_command_line_shows_what_a_board_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator runs the board's code, the fake board that of this machine: op after op, so that
    both have the same steps."""
    need_target("cortex-m4")
    program = microlith.compile(DIGITS, target="host", plan="layerwise")
    firmware = build(program, tmp_path)
    name = remote.identity(program, BOARD)
    monkeypatch.setattr("microlith.simulate.remote.identity", lambda program, board: name)
    arguments = ["bench", str(DIGITS), "--board", BOARD, "--runs", "3", "--plan", "layerwise"]
    with connected(firmware) as port:
        table = CliRunner().invoke(app, [*arguments, "--port", port], catch_exceptions=False)
        shown = CliRunner().invoke(
            app, [*arguments, "--port", port, "--json"], catch_exceptions=False
        )
    assert table.exit_code == shown.exit_code == 0
    assert "counted by nucleo_f446re" in table.stdout
    result = json.loads(shown.stdout)
    assert result["totals"]["cycles"] == sum(op["cycles"] for op in result["ops"])
    assert result["totals"]["clock"] == 1_000_000_000
    assert all(op["cycles"] > 0 for op in result["ops"])


def test_frames_are_found_in_noise() -> None:
    dice = random.Random(2)
    sent = [encode("W", i, dice.randbytes(dice.randrange(link.PAYLOAD))) for i in range(50)]
    stream = b"".join(dice.randbytes(dice.randrange(9)) + frame for frame in sent)
    decoder = Decoder()
    found = []
    while stream:
        size = dice.randrange(1, 40)
        found += decoder.feed(stream[:size])
        stream = stream[size:]
    assert [frame.sequence for frame in found] == list(range(50))
