# SPDX-License-Identifier: Apache-2.0
"""Runs samples on a real board that runs the test firmware, over a serial port."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith.errors import ToolError
from microlith.ir.graph import Array
from microlith.ir.program import Program
from microlith.simulate import measure, samples
from microlith.simulate.link import Line, Session
from microlith.simulate.run import SimulationResult

READ_TIME = 0.05
"""Seconds that a read of the port waits at most."""


@dataclass(frozen=True)
class CycleCounts:
    """What a board counted: `hertz` is its core's clock; `samples` has the cycles of every step of
    every sample."""

    hertz: int
    samples: tuple[tuple[int, ...], ...]


def identity(program: Program, board: str) -> str:
    """What the test firmware of a program calls itself."""
    return f"microlith 1 {program.name} {program.model_sha256[:16]} {program.target} {board}"


@contextmanager
def open_port(port: str, baud: int) -> Iterator[Line]:
    """A serial port; ToolError when it cannot be opened, or pyserial is missing."""
    try:
        import serial
    except ImportError as error:
        raise ToolError(
            "pyserial is needed, but not installed",
            fix="install it (pip install 'microlith[flash]')",
        ) from error
    try:
        line = serial.Serial(port, baud, timeout=READ_TIME)
    except (serial.SerialException, OSError) as error:
        raise ToolError(
            f"the serial port {port} cannot be opened: {error}",
            where="--port",
            fix="see `pio device list` for the ports of this machine",
        ) from error
    try:
        yield line
    finally:
        line.close()


def run_on_board(
    program: Program,
    inputs: Mapping[str, Array],
    line: Line,
    board: str,
    *,
    trace: bool = False,
    time_limit: float = 60.0,
) -> SimulationResult:
    """Runs all samples on the board at the other end of `line`; as simulate.run, but nothing is
    measured. `time_limit` is the longest inference, in seconds.

    InputError when samples do not match the model; ToolError when the board does not answer as
    its test firmware would, or the run fails.
    """
    data, number = samples.pack(program.inputs, inputs)
    with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
        directory = Path(scratch)
        (directory / "input.bin").write_bytes(data)
        mode = "trace" if trace else "run"
        _serve(Session(line, directory, identity(program, board), mode, time_limit))
        outputs = samples.unpack(program.outputs, _read(directory / "output.bin"), number)
        traced: Any = None
        if trace:
            traced = samples.unpack_trace(_read(directory / "trace.bin"), number)
    return SimulationResult(
        outputs, None, {**measure.UNKNOWN_FLASH}, {**measure.UNKNOWN_RAM}, traced, number
    )


def count_on_board(
    program: Program,
    inputs: Mapping[str, Array],
    line: Line,
    board: str,
    *,
    time_limit: float = 60.0,
) -> CycleCounts:
    """Cycles of every step of every sample, by the counter of the board at the other end of
    `line`. Raises as run_on_board() does, and ToolError for a counter that stands still."""
    data, number = samples.pack(program.inputs, inputs)
    with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
        directory = Path(scratch)
        (directory / "input.bin").write_bytes(data)
        _serve(Session(line, directory, identity(program, board), "cycles", time_limit))
        counts = _read(directory / "cycles.bin")
    steps = len(program.steps)
    if len(counts) != 4 * (1 + number * steps):
        raise ToolError(f"{len(counts)} bytes of counts came instead of 4 x (1 + {number * steps})")
    hertz, *values = struct.unpack(f"<{1 + number * steps}I", counts)
    if not any(values):
        raise ToolError(
            "the cycle counter of the board stands still",
            where=f"board {board}",
            fix="some debuggers switch it off: reset the board without one",
        )
    rows = tuple(tuple(values[first : first + steps]) for first in range(0, len(values), steps))
    return CycleCounts(hertz, rows)


def _serve(session: Session) -> None:
    """Serves the board until it is done; ToolError unless it went well."""
    try:
        code = session.run()
    except OSError as error:
        raise ToolError(
            f"the connection to the board was lost: {error}", fix="check the cable"
        ) from error
    if code != 0:
        said = session.printed.strip() or "nothing"
        raise ToolError(f"the firmware failed (exit code {code}); it printed: {said}")


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise ToolError(f"the firmware did not write {path.name}")
    return path.read_bytes()
