# SPDX-License-Identifier: Apache-2.0
"""What a firmware project needs of its platform: console, startup code, linker script, emulator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    path is appended, empty where it runs by itself; `system` is CMake's name of the system that
    the firmware is for, empty for this one. `chip` is pyOCD's name of a real board's chip, which
    no emulator runs, and `mcu` its maker's."""

    files: dict[str, str]
    archiver: str
    link_flags: Sequence[str]
    libraries: Sequence[str]
    emulator: Sequence[str]
    system: str
    chip: str = ""
    mcu: str = ""

    def run(self, firmware: str) -> list[str]:
        """The command line that runs `firmware`."""
        return [*self.emulator, firmware]


def platform(program: Program, target: Target, real: Board | None = None) -> Platform:
    """The platform on which `target` runs: an operating system, the board `real` if it is one that
    pyOCD flashes, or else its emulated board."""
    files = _port_files(target.port)
    archiver = target.tool("ar")
    if target.emulator is None:
        system = "Linux" if target.runner else ""
        return Platform(files, archiver, target.link_flags, ("-lm",), target.runner, system)
    chip = real.pyocd if real is not None and real.platformio is None else ""
    board = real if real is not None and chip else boards.get(target.emulator)
    return Platform(
        files=files | {"link.ld": linker_script(program, board)},
        archiver=archiver,
        link_flags=bare_metal_link_flags(target, "link.ld"),
        libraries=("-lm",),
        emulator=() if chip else (*board.emulator, "-nographic", "-semihosting", "-kernel"),
        system="Generic",
        chip=chip,
        mcu=board.mcu,
    )


def bare_metal_link_flags(target: Target, script: str) -> tuple[str, ...]:
    """Options that link firmware by the linker script at the path `script`."""
    return (*target.link_flags, "-nostartfiles", "-Wl,--gc-sections", "-T", script)


def linker_script(program: Program, board: Board) -> str:
    """Memory layout of a firmware on a board."""
    return render("link.ld.j2", name=program.name, board=board)


def port_sources(folders: Iterable[str]) -> list[Path]:
    """The C files of a port, those that all ports share apart."""
    root = resources.path("micro_runtime", "port")
    return [path for folder in folders for path in sorted(root.joinpath(folder).glob("*.c"))]


def _port_files(folders: Iterable[str]) -> dict[str, str]:
    """The port's sources for an application that has a main() of its own."""
    found = with_headers(path for path in port_sources(folders) if path.name != "main.c")
    shipped = {path: text for path, text in found.items() if path.parent.name != "include"}
    return {f"port/{path.name}": text for path, text in shipped.items()}
