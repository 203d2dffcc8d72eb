# SPDX-License-Identifier: Apache-2.0
"""Generated PlatformIO projects: built, flashed, and their verdict read from the serial port."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith import platformio
from microlith.emit.files import MANIFEST, write_files
from microlith.emit.platformio import harness_project
from microlith.errors import OptionError, ToolError
from microlith.frontend import parse
from microlith.ir.graph import Array
from microlith.ir.program import Program
from microlith.simulate import measure
from microlith.simulate.link import Line, read_some
from microlith.simulate.remote import identity, run_on_board
from microlith.simulate.run import SimulationResult
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.verify.verify import Verification
from microlith.verify.verify import verify as compare_with_reference

Say = Callable[[str], None]

VERDICTS = ("PASS", "FAIL")

_HINTS = (
    (r"region `(\S+)' overflowed by (\d+) bytes", "{0} is {1} bytes too small: `microlith fit`"),
    (
        r"HTTPClientError|InternetConnectionError|Could not find the package|ConnectionError",
        "PlatformIO could not download a package: it needs the network the first time; for "
        "emulated boards, prepare a core directory with `microlith platformio-offline`",
    ),
    (
        r"open failed|No device found|unable to find|Could not find .*(?:port|device)|init mode",
        "is the board connected, and may this user open it?",
    ),
    (r"UnknownBoard|Unknown board ID", "update the platform: `pio pkg update`"),
)
"""Patterns in PlatformIO's output, and what to tell the user."""


@dataclass(frozen=True)
class Project:
    """A directory that `generate --board` wrote; `record` is its manifest."""

    directory: Path
    board: Board
    record: dict[str, Any]

    @property
    def firmware(self) -> Path:
        return self.directory / ".pio" / "build" / self.board.name / "firmware.elf"


def open_project(directory: Path) -> Project:
    """Raises OptionError for a directory without a project for a board."""
    try:
        record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        board = boards.get(record["board"])
    except (OSError, ValueError, KeyError) as error:
        raise OptionError(
            "there is no project for a board here",
            where=str(directory),
            fix="write one with `microlith generate MODEL --board BOARD -o DIR`",
        ) from error
    return Project(directory, board, record)


def pio_run(project: Project, targets: Sequence[str], say: Say, *, port: str | None = None) -> str:
    """Runs `pio run` for the project's board, passes its lines on to `say`, and returns them all.

    Raises ToolError when it fails, with a hint where the reason is known.
    """
    command = [platformio.find(), "run", "-d", str(project.directory), "-e", project.board.name]
    command += [word for target in targets for word in ("-t", target)]
    command += ["--upload-port", port] if port else []
    lines = []
    with subprocess.Popen(
        command,
        env=platformio.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            say(line.rstrip())
    printed = "".join(lines)
    if process.returncode != 0:
        raise ToolError(f"{' '.join(('pio run', *targets))} failed", fix=hint(printed))
    return printed


def hint(printed: str) -> str:
    """What a user can do about a failed build; "" when the reason is not known."""
    for pattern, advice in _HINTS:
        found = re.search(pattern, printed)
        if found:
            return advice.format(*found.groups())
    return "see the messages above"


def upload_harness(program: Program, board: Board, say: Say) -> None:
    """Builds the test firmware of `program` and writes it to the board."""
    if board.platformio is None or board.emulated:
        raise OptionError(
            "the test firmware is for boards that PlatformIO flashes",
            where=f"board {board.name}",
            fix="leave out --upload",
        )
    with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
        directory = Path(scratch)
        files = harness_project(program, board, identity(program, board.name))
        write_files(files, directory, force=True)
        pio_run(Project(directory, board, {}), ("upload",), say)


def verify_on_board(
    program: Program,
    line: Line,
    board: str,
    *,
    samples: int,
    seed: int,
    inputs: Mapping[str, Array] | None = None,
    time_limit: float = 60.0,
) -> Verification:
    """Compares what a real board computes, at the other end of a serial line, with the reference;
    the board runs the test firmware of `program`. See simulate.remote.run_on_board()."""
    graph = parse(program.model, program.model_name)

    def traced(data: Mapping[str, Array]) -> SimulationResult:
        return run_on_board(program, data, line, board, trace=True, time_limit=time_limit)

    return compare_with_reference(
        program, graph, program.model, traced, samples=samples, seed=seed, inputs=inputs
    )


def memory_lines(project: Project) -> list[str]:
    """What the linked firmware uses, against the plan."""
    image = measure.read(project.firmware.read_bytes()) if project.firmware.is_file() else None
    if image is None:
        return []
    name, plan = project.record["name"], project.record["memory"]
    rows = (
        ("arena", plan["arena"], image.size(f"{name}_arena")),
        ("constants", plan["constants"], image.size(f"{name}_weights")),
    )
    return [f"{what:<10} {built:>9,} bytes; planned {planned:,}" for what, planned, built in rows]


def await_verdict(line: Line, say: Say, time_limit: float) -> bool:
    """Reads the console of a board until its self-test says PASS (true) or FAIL (false).

    Raises ToolError when neither comes within `time_limit` seconds.
    """
    end = time.monotonic() + time_limit
    pending = b""
    heard = 0
    while time.monotonic() < end:
        data = read_some(line)
        heard += len(data)
        *complete, pending = (pending + data).replace(b"\r", b"").split(b"\n")
        for raw in complete:
            text = raw.decode("utf-8", "replace")
            say(text)
            if text.strip() in VERDICTS:
                return text.strip() == "PASS"
    if heard:
        raise ToolError(
            f"{heard} bytes came within {time_limit:.0f} s, but neither PASS nor FAIL",
            fix="check the baud rate, or raise --timeout for a slow model",
        )
    raise ToolError(
        f"the board said nothing within {time_limit:.0f} s",
        fix="check the port, or press the board's reset button",
    )
