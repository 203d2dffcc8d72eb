# SPDX-License-Identifier: Apache-2.0
"""What `--board`, `--target` and `--project` ask for together."""

from __future__ import annotations

from dataclasses import dataclass

from microlith.errors import OptionError
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.match import target_for, target_of_core

PROJECTS = ("platformio", "cmake", "arduino", "zephyr", "library")


@dataclass(frozen=True)
class Choice:
    """A target, the board that was named, and one of PROJECTS."""

    target: str
    board: Board | None
    project: str


def choose(board: str | None, target: str, project: str | None, core: str | None = None) -> Choice:
    """Raises OptionError for names that do not exist or contradict each other."""
    if project is not None and project not in PROJECTS:
        raise OptionError(
            f"there is no project type {project!r}",
            where="--project",
            fix=f"choose from {', '.join(PROJECTS)}",
        )
    if board is None:
        if project == "platformio":
            raise OptionError(
                "a PlatformIO project is for a board",
                where="--project",
                fix="name it with --board (see `microlith boards`)",
            )
        runs = target_of_core(core).name if core else target
        return Choice(runs, None, project or "cmake")
    found, runs = resolve(board, target)
    chosen = project or ("platformio" if found.platformio else "cmake")
    if chosen == "platformio" and found.platformio is None:
        raise OptionError(
            f"PlatformIO does not know {found.summary}",
            where=f"board {board}",
            fix="leave out --project: make or CMake builds for it, pyOCD writes its flash",
        )
    return Choice(runs, found, chosen)


def resolve(board: str, target: str, default: str = "host") -> tuple[Board, str]:
    """The board of that name and its target, which `target` must not contradict unless it is the
    verb's `default`."""
    found = boards.get(board)
    runs = target_for(found).name
    if target not in (default, runs):
        raise OptionError(
            f"board {board} runs code for {runs}, not for {target}",
            where="--target",
            fix="leave out one of the two",
        )
    return found, runs
