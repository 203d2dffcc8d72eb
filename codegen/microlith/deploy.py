# SPDX-License-Identifier: Apache-2.0
"""Generated projects: built and flashed by PlatformIO, or by make and pyOCD where it does not know
the board, and their verdict read from the serial port or the debug probe."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith import platformio, pyocd
from microlith.child import Patience, Say, stream
from microlith.emit.files import MANIFEST, write_files
from microlith.emit.platformio import harness_project
from microlith.errors import OptionError, ToolError
from microlith.frontend import parse
from microlith.ir.graph import Array
from microlith.ir.program import Program
from microlith.simulate import measure, toolchain
from microlith.simulate.link import Line, read_some
from microlith.simulate.remote import identity, run_on_board
from microlith.simulate.run import SimulationResult
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.verify.verify import Verification
from microlith.verify.verify import verify as compare_with_reference

VERDICTS = ("PASS", "FAIL")

_HINTS = (
    (r"region `(\S+)' overflowed by (\d+) bytes", "{0} is {1} bytes too small: `microlith fit`"),
    (
        r"program size \((\d+) bytes\) is greater than maximum allowed \((\d+) bytes\)",
        "{0} bytes of flash are needed and {1} there: `microlith fit`",
    ),
    (
        r"HTTPClientError|InternetConnectionError|Could not find the package|ConnectionError",
        "PlatformIO could not download a package: it needs the network the first time; for "
        "emulated boards, prepare a core directory with `microlith platformio-offline`",
    ),
    (
        r"[Pp]ermission denied:? '?(/dev/\S+?)'?(?:\s|$)",
        "let this user open {0}: on most Linux systems members of the group dialout may",
    ),
    (
        r"open failed|No device found|unable to find|Could not find .*(?:port|device)|init mode"
        r"|could not open port|Please specify `upload_port`",
        "is the board connected, and may this user open it?",
    ),
    (
        r"UnknownBoard|Unknown board ID|doesn't support \S+ framework",
        "update the platform: `pio pkg update`",
    ),
    (
        r"UnknownPackageError|No space left on device",
        "make room on the disk, or have the package installed anew: `pio pkg install`",
    ),
    (
        r"generate again for a target|layout of \w+",
        "the project is older than the compiler's options: generate it again",
    ),
    (
        r"(\S+): (?:command )?not found|'(\S+)' is not recognized",
        "`microlith doctor` tells which package brings what is missing",
    ),
    (
        r"undefined reference to `(\S+?)'",
        "{0} is defined nowhere: is a source or a library of the project left out of the build?",
    ),
    (
        r"fatal error: (\S+): No such file",
        "{0} is missing: generate the project again, or add the library that has it to lib_deps",
    ),
)
"""Patterns in the output of PlatformIO, compilers and uploaders, and what to tell the user."""

_WAITING = (
    "PlatformIO has printed nothing for a while: the first build of a board downloads its platform "
    "and compiler. Where the network does not reach them, it waits: Ctrl-C ends it"
)
_STUCK = (
    "the first build downloads the platform: is the network there? --build-timeout sets the limit"
)


@dataclass(frozen=True)
class Project:
    """A directory that `generate --board` wrote; `record` is its manifest."""

    directory: Path
    board: Board
    record: dict[str, Any]

    @property
    def firmware(self) -> Path:
        if self.board.platformio is None:
            return self.directory / "build" / f"{self.record['name']}.elf"
        return self.directory / ".pio" / "build" / self.board.name / "firmware.elf"


def open_project(directory: Path) -> Project:
    """Raises OptionError for a directory without a project for a board."""
    try:
        record = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        board = boards.get(record["board"])
        layout = record["project"]
    except (OSError, ValueError, KeyError) as error:
        raise OptionError(
            "there is no project for a board here",
            where=str(directory),
            fix="write one with `microlith generate MODEL --board BOARD -o DIR`",
        ) from error
    if layout != ("platformio" if board.platformio else "cmake"):
        raise OptionError(
            f"this project is built by its own tools: {layout}",
            where=str(directory),
            fix="see its README.md; `generate --board` without --project writes one for this verb",
        )
    return Project(directory, board, record)


def build(project: Project, say: Say, *, limit: float | None = None) -> None:
    """Builds the project, its messages to `say`, within `limit` seconds if any are given.

    Raises ToolError when it fails, with a hint where the reason is known.
    """
    if project.board.platformio is not None:
        pio_run(project, (), say, limit=limit)
        return
    make = toolchain.find("make")
    ending = stream([make, "-C", str(project.directory)], say, patience=Patience(limit))
    if ending.code != 0:
        raise ToolError("make failed", fix=hint(ending.printed))


def upload(
    project: Project, say: Say, *, port: str | None = None, limit: float | None = None
) -> None:
    """Writes the built project to its board; an emulated board runs it. Raises ToolError."""
    if project.board.platformio is not None:
        pio_run(project, ("upload",), say, port=port, limit=limit)
    else:
        pyocd.load(project.board, project.firmware, say, limit)


def pio_run(
    project: Project,
    targets: Sequence[str],
    say: Say,
    *,
    port: str | None = None,
    limit: float | None = None,
) -> str:
    """Runs `pio run` for the project's board, passes its lines on to `say`, and returns them all.

    Raises ToolError when it fails or takes longer than `limit` seconds, with a hint where the
    reason is known.
    """
    command = [platformio.find(), "run", "-d", str(project.directory), "-e", project.board.name]
    command += [word for target in targets for word in ("-t", target)]
    command += ["--upload-port", port] if port else []
    ending = stream(
        command,
        say,
        patience=Patience(limit, _WAITING, _STUCK),
        environment=platformio.environment(),
    )
    if ending.code != 0:
        raise ToolError(f"{' '.join(('pio run', *targets))} failed", fix=hint(ending.printed))
    return ending.printed


def hint(printed: str) -> str:
    """What a user can do about a failed build; "" when the reason is not known."""
    for pattern, advice in _HINTS:
        found = re.search(pattern, printed)
        if found:
            return advice.format(*(group for group in found.groups() if group))
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
