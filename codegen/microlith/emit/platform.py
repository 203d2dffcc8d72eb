# SPDX-License-Identifier: Apache-2.0
"""What a firmware project needs of its platform: console, startup code, linker script, emulator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from microlith import resources
from microlith.emit.runtime import with_headers
from microlith.emit.templates import render
from microlith.ir.program import Program
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.target import Target


@dataclass(frozen=True)
class Platform:
    """`files` are text by path in the project; `emulator` is a command to which the firmware's
    path is appended, empty where it runs by itself."""

    files: dict[str, str]
    archiver: str
    link_flags: Sequence[str]
    libraries: Sequence[str]
    emulator: Sequence[str]

    def run(self, firmware: str) -> list[str]:
        """The command line that runs `firmware`."""
        return [*self.emulator, firmware]


def platform(program: Program, target: Target) -> Platform:
    """The platform on which `target` runs: this machine, or its emulated board."""
    if target.emulator is None:
        return Platform(_port_files("host"), "ar", (), ("-lm",), ())
    board = boards.get(target.emulator)
    return Platform(
        files=_port_files("cortex_m") | {"link.ld": linker_script(program, board)},
        archiver=target.compiler.replace("gcc", "ar"),
        link_flags=("-nostartfiles", "-Wl,--gc-sections", "-T", "link.ld"),
        libraries=("-lm",),
        emulator=(*board.emulator, "-nographic", "-semihosting", "-kernel"),
    )


def linker_script(program: Program, board: Board) -> str:
    """Memory layout of a firmware on a board."""
    return render("link.ld.j2", name=program.name, board=board)


def _port_files(folder: str) -> dict[str, str]:
    """The port's sources for an application that has a main() of its own."""
    sources = resources.path("micro_runtime", "port", folder).glob("*.c")
    found = with_headers(path for path in sources if path.name != "main.c")
    shipped = {path: text for path, text in found.items() if path.parent.name != "include"}
    return {f"port/{path.name}": text for path, text in shipped.items()}
