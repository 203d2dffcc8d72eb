# SPDX-License-Identifier: Apache-2.0
"""pyOCD as a tool: it writes the flash of boards that PlatformIO does not know, and shows what
their firmware prints by semihosting."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from microlith.child import Patience, Say, stream
from microlith.errors import ToolError
from microlith.targets.boards import Board

HOW_TO_GET = "pip install 'microlith[flash]'"

_LIMIT = 300.0
"""Seconds in which flash of a megabyte is written, even by a slow probe."""

_HINTS = (
    (
        r"[Tt]arget type (\S+) not recognized",
        "pyOCD gets to know the chip from its pack: `pyocd pack install {chip}`",
    ),
    (
        r"No connected debug probes|No probe selected|No target device|No available debug probes",
        "connect the board's debug port; `pyocd list` shows the probes of this machine, and on "
        "Linux a udev rule lets a user open them",
    ),
    (r"[Pp]ermission|LIBUSB_ERROR_ACCESS", "this user may not open the probe: add a udev rule"),
    (r"[Ff]lash (?:program|erase)[^\n]*(?:error|fail)", "is the chip protected? `pyocd erase -c`"),
    (r"[Nn]o ACK|transfer (?:fault|error)|Communication failure", "check the cable and the power"),
)
"""Patterns in pyOCD's output, and what to tell the user."""


def command(verb: str, chip: str) -> list[str]:
    """pyOCD's command for a chip, as it is written into a project: it fails at once when no probe
    is connected, instead of waiting for one."""
    return ["pyocd", verb, "--no-wait", "--target", chip]


def find() -> str:
    """Path of the `pyocd` command: beside this interpreter, or the one on PATH.

    Raises ToolError when there is none.
    """
    beside = shutil.which("pyocd", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("pyocd")
    if found is None:
        raise ToolError(
            "pyOCD is needed for a board that PlatformIO does not know, but not installed",
            fix=f"install it ({HOW_TO_GET})",
        )
    return found


def load(board: Board, firmware: Path, say: Say, limit: float | None = None) -> None:
    """Writes a firmware to the board's flash and starts it. Raises ToolError when that fails."""
    words = [find(), *command("load", board.pyocd)[1:], str(firmware)]
    ending = stream(words, say, patience=_patience(limit or _LIMIT))
    if ending.code != 0:
        raise ToolError(
            "pyocd load failed", where=f"board {board.name}", fix=_hint(ending.printed, board)
        )


def await_verdict(board: Board, verdicts: tuple[str, ...], say: Say, time_limit: float) -> str:
    """Starts what is in the board's flash and reads what it prints until a line is one of
    `verdicts`, and returns that one. Raises ToolError when none comes within `time_limit`."""
    words = [find(), *command("run", board.pyocd)[1:]]
    advice = "is it this project's firmware? `microlith flash` writes it; raise --timeout for a "
    patience = _patience(time_limit, advice + "slow model")
    ending = stream(words, say, patience=patience, until=lambda line: line.strip() in verdicts)
    if ending.code is not None:
        what = "pyocd run ended before the firmware said PASS or FAIL"
        raise ToolError(what, where=f"board {board.name}", fix=_hint(ending.printed, board))
    return ending.printed.splitlines()[-1].strip()


def _patience(
    limit: float, advice: str = "check the cable, and that no other debugger runs"
) -> Patience:
    return Patience(limit, "pyocd has printed nothing for a while; Ctrl-C ends it", advice)


def _hint(printed: str, board: Board) -> str:
    for pattern, advice in _HINTS:
        if re.search(pattern, printed):
            return advice.format(chip=board.mcu)
    return "see the messages above"
