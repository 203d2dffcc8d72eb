# SPDX-License-Identifier: Apache-2.0
"""From generated sources to a firmware that reads samples and writes outputs."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from microlith import resources
from microlith.emit.platform import bare_metal_link_flags, linker_script, port_sources
from microlith.emit.subject import subject
from microlith.errors import ToolError
from microlith.ir.program import Program
from microlith.kernels.cmsis_nn import library
from microlith.simulate import build, measure, toolchain
from microlith.simulate.measure import Figures, Image
from microlith.simulate.toolchain import Toolchain
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.target import Target

FIRMWARE = "firmware.elf"

_SECTIONS = ("-ffunction-sections", "-fdata-sections")
_SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")


@dataclass(frozen=True)
class Firmware:
    """A linked firmware. `image` is None when its format is not ELF; `objects` are the members of
    libmodel.a; `board` is None for programs of an operating system."""

    path: Path
    board: Board | None
    image: Image | None
    objects: tuple[Image, ...]

    def figures(self, name: str, stack: int | None) -> tuple[Figures, Figures]:
        """Flash and RAM, in bytes, of the model `name`, whose invoke took `stack`."""
        if self.image is None:
            return {**measure.UNKNOWN_FLASH}, {**measure.UNKNOWN_RAM, "stack": stack}
        if self.board is None:
            return measure.host_figures(self.image, self.objects, name, stack)
        return measure.board_figures(self.image, name, stack)


def build_firmware(
    program: Program, sources: Path, target: Target, directory: Path, *, sanitize: bool = False
) -> Firmware:
    """Builds `sources`, as emit wrote them, into directory/firmware.elf.

    The parts that are made for this purpose are kept in directory/simulation. ToolError when a
    tool is missing or fails, or when the firmware does not fit the board.
    """
    tools = toolchain.for_target(target)
    board = boards.get(target.emulator) if target.emulator else None
    flags = [*target.cflags, *_SECTIONS, *(_SANITIZE if sanitize else ())]
    extra = directory / "simulation"
    extra.mkdir(parents=True, exist_ok=True)
    ours = [_write_subject(program, extra), *_port_sources(target)]
    cmsis_nn, cmsis_nn_include = _library(program)
    theirs = [*_model_sources(sources), *cmsis_nn]
    include = [*_include(sources), *cmsis_nn_include]
    objects = build.compile_all(tools, [*theirs, *ours], flags, include)
    names = [_member(source, sources) for source in theirs]
    path = directory / FIRMWARE
    with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
        archive = _archive(tools, objects[: len(theirs)], names, Path(scratch))
        script = _write_linker_script(program, board, extra) if board else None
        parts = [*map(str, objects[len(theirs) :]), str(archive)]
        _link(tools, [*flags, *parts, *_link_flags(target, script)], path, board)
    members = (measure.read(file.read_bytes()) for file in objects[: len(theirs)])
    image = measure.read(path.read_bytes())
    return Firmware(path, board, image, tuple(member for member in members if member))


def _library(program: Program) -> tuple[list[Path], list[Path]]:
    """Sources of CMSIS-NN that the program needs, and directories of its headers."""
    if not program.uses_cmsis_nn:
        return [], []
    needed = program.library_sources
    directory = library.require(program.cmsis_nn, needed)
    return [directory / name for name in needed], [*library.include_directories(directory)]


def _member(source: Path, sources: Path) -> str:
    """Name of a source's object in the archive."""
    inside = source.is_relative_to(sources)
    return "-".join(source.relative_to(sources).parts) if inside else source.name


def _model_sources(sources: Path) -> list[Path]:
    found = [*sorted(sources.glob("model/*.c")), *sorted(sources.glob("microlith/**/*.c"))]
    if not found:
        raise ToolError("there are no generated sources", where=str(sources))
    return found


def _include(sources: Path) -> list[Path]:
    runtime = sources / "microlith"
    return [sources / "model", runtime / "include", runtime, resources.path("micro_runtime/port")]


def _port_sources(target: Target) -> list[Path]:
    common = resources.path("micro_runtime", "port").glob("*.c")
    return [*sorted(common), *port_sources(target.port)]


def _write_subject(program: Program, directory: Path) -> Path:
    """The file that ties the model to the harness."""
    path = directory / "subject.c"
    path.write_text(subject(program), encoding="utf-8")
    return path


def _write_linker_script(program: Program, board: Board, directory: Path) -> Path:
    path = directory / "link.ld"
    path.write_text(linker_script(program, board), encoding="utf-8")
    return path


def _archive(tools: Toolchain, objects: Sequence[Path], names: Sequence[str], to: Path) -> Path:
    """libmodel.a, by whose name the linker script tells model and runtime from the rest."""
    members = [to / f"{name}.o" for name in names]
    for source, member in zip(objects, members, strict=True):
        shutil.copyfile(source, member)
    archive = to / "libmodel.a"
    toolchain.execute([tools.archiver, "rcs", str(archive), *map(str, members)])
    return archive


def _link_flags(target: Target, script: Path | None) -> list[str]:
    if script is not None:
        return [*bare_metal_link_flags(target, str(script)), "-lm"]
    if sys.platform.startswith("linux"):
        return [*target.link_flags, "-Wl,--gc-sections,-z,now", "-lm"]
    return [*target.link_flags, "-lm"]


def _link(tools: Toolchain, arguments: Sequence[str], path: Path, board: Board | None) -> None:
    command = [tools.compiler, *arguments, "-o", str(path)]
    try:
        toolchain.execute(command)
    except ToolError as error:
        overflow = _OVERFLOW.search(error.what)
        if overflow is None or board is None:
            raise
        raise ToolError(
            f"the firmware needs {overflow[2]} bytes more than memory {overflow[1]} has",
            where=f"board {board.name}",
            fix="use a smaller model or another target",
        ) from error
