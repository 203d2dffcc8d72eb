# SPDX-License-Identifier: Apache-2.0
"""Program → a PlatformIO project: for a board, for an emulated board of its core, for this machine.

What is generated is the same set of files each time, whatever the model: PlatformIO throws away a
whole build when a file of the project appears or vanishes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from microlith import resources, targets
from microlith.emit.platform import Platform, platform
from microlith.emit.project import (
    Files,
    library_view,
    memory_rows,
    port_lines,
    source_files,
)
from microlith.emit.runtime import with_headers
from microlith.emit.subject import subject
from microlith.emit.templates import render
from microlith.emit.vectors import TestVectors, vector_files, vector_view
from microlith.ir.program import Program
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.target import Target
from microlith.version import __version__

APPLICATION = "src/main"
FLASH_SECTIONS = ("vectors", "weights", "model_code", "system", "model_data", "data")
RAM_SECTIONS = ("stack", "model_data", "data", "arena", "state", "model_bss", "bss")
"""Output sections of link.ld.j2 that take flash, and that take RAM."""

_HOST = "host"
_ENGINE = "symlink://${PROJECT_DIR}/platform"
_FIRMWARE = "firmware"


@dataclass(frozen=True)
class PlatformIOProject:
    """Text by relative path: `files` are written anew each time, `once` belong to the user."""

    files: Files
    once: Files


def platformio_project(
    program: Program, host: Program, board: Board, vectors: TestVectors
) -> PlatformIOProject:
    """A project for `board`, whose target `program` was compiled for; `host` is the same model
    compiled for this machine."""
    target = targets.get(program.target)
    view = _view(program, board, target, vectors)
    files = _model(program)
    files |= _model(host)
    files |= _selftest(program, vectors)
    files |= _engine(program, host)
    files |= _configuration(view, board)
    test = _test_of(board)
    files[f"test/{test}/main{_suffix(board)}"] = _application(view, board)
    files["test/test_golden/main.c"] = render("platformio/main.c.j2", p=view)
    files["emulated/main.c"] = render("platformio/main.c.j2", p=view)
    once = {
        "platformio.ini": render("platformio/platformio.ini.j2", p=view),
        APPLICATION + _suffix(board): _application(view, board),
    }
    return PlatformIOProject(dict(sorted(files.items())), once)


def harness_project(program: Program, board: Board, identity: str) -> Files:
    """A project whose firmware runs samples that the host sends over the serial port; `identity`
    is what it calls itself (see micro_runtime/port/serial/link.h)."""
    target = targets.get(program.target)
    view = _view(program, board, target, None)
    files = _model(program)
    port = resources.path("micro_runtime", "port")
    shared = [port / name for name in ("harness.c", "stack.c")]
    shared += sorted((port / "serial").glob("*.c"))
    for path, text in with_headers(shared).items():
        if path.parent.name != "include":
            files[f"lib/harness/{path.name}"] = text
    files["lib/harness/subject.c"] = subject(program)
    files["lib/harness/identity.c"] = render("platformio/identity.c.j2", identity=identity)
    files |= _console(view, board)
    files |= _scripts(view)
    files["microlith.ini"] = render("platformio/microlith.ini.j2", p=view)
    files["platformio.ini"] = render("platformio/platformio.ini.j2", p=view)
    suffix = _suffix(board)
    files[f"src/main{suffix}"] = render(f"platformio/harness{suffix}.j2", p=view)
    return files


def _view(
    program: Program, board: Board, target: Target, vectors: TestVectors | None
) -> dict[str, Any]:
    assert board.platformio is not None
    assert target.emulator is not None
    emulated = boards.get(target.emulator)
    library = library_view(program)
    flags = board.platformio.machine_flags
    scripts = ["scripts/machine_flags.py"] * bool(flags) + ["scripts/cmsis_nn.py"] * bool(library)
    return {
        "name": program.name,
        "macro": program.name.upper(),
        "model_name": program.model_name,
        "tool_version": __version__,
        "oracle": vectors.oracle if vectors else "",
        "samples": vectors.samples if vectors else 0,
        "keep_inputs": program.keep_inputs,
        "target": program.target,
        "board": board,
        "env": board.name,
        "platform": _ENGINE if board.emulated else board.platformio.platform,
        "board_id": board.platformio.board,
        "framework": board.platformio.framework,
        "baud": board.console.baud,
        "machine_flags": flags,
        "scripts": scripts,
        "library": library,
        "has_board": not board.emulated,
        "uart": _uart(board),
        "test": _test_of(board),
        "emulated_board": emulated.name,
        "app": APPLICATION + _suffix(board),
        "memory": memory_rows(program),
        "ports": port_lines(program),
    }


def _uart(board: Board) -> dict[str, Any] | None:
    """The serial port of the console, for frameworks that have none of their own."""
    console = board.console
    if not console.uart:
        return None
    pins = {
        role: {"name": pin, "port": pin[1], "number": pin[2:]}
        for role, pin in (("tx", console.tx), ("rx", console.rx))
    }
    return {
        "name": console.uart,
        "alternate": console.alternate,
        "family": board.mcu[:7].lower(),
        "ports": sorted({pin["port"] for pin in pins.values()}),
        **pins,
    }


def _suffix(board: Board) -> str:
    assert board.platformio is not None
    return ".cpp" if board.platformio.framework == "arduino" else ".c"


def _test_of(board: Board) -> str:
    return "test_golden" if board.emulated else "test_board"


def _application(view: dict[str, Any], board: Board) -> str:
    return render(f"platformio/app{_suffix(board)}.j2", p=view)


def _model_library(program: Program, target: Target) -> str:
    """Manifest of the library with the model and the runtime. Which options select the processor
    is up to the platform; all others are given here."""
    own = [flag for flag in target.cflags if not flag.startswith(("-m", "--"))]
    include = ["-Imodel", "-Imicrolith", "-Imicrolith/include"]
    return render(
        "platformio/library.json.j2",
        name="model",
        description=f"{program.model_name}, compiled by microlith for {target.name}",
        flags=[*own, *include],
    )


def library_files(program: Program, target: Target) -> Files:
    """The model and the runtime as a library of PlatformIO."""
    return source_files(program, target) | {"library.json": _model_library(program, target)}


def _model(program: Program) -> Files:
    """That library where the environments for its target look for it."""
    files = library_files(program, targets.get(program.target))
    return {f"generated/{program.target}/model/{path}": text for path, text in files.items()}


def selftest_files(program: Program, vectors: TestVectors) -> Files:
    """Sources that run the test vectors, with what they need but the model, by file name."""
    found = vector_files(program, vectors)
    view = vector_view(program, vectors)
    port = resources.path("micro_runtime", "port", "port.h")
    return {
        "test_vectors.c": found["test_vectors.c"],
        "test_vectors.h": found["test_vectors.h"],
        "selftest.c": render("platformio/selftest.c.j2", p=view),
        "selftest.h": render("platformio/selftest.h.j2", p=view),
        "port.h": port.read_text(encoding="utf-8"),
    }


def _selftest(program: Program, vectors: TestVectors) -> Files:
    """The library that runs the test vectors."""
    files = selftest_files(program, vectors)
    files["library.json"] = render(
        "platformio/library.json.j2",
        name="selftest",
        description=f"Samples for {program.model_name} and what they must give",
        flags=["-std=c11", "-ffp-contract=off"],
    )
    return {f"lib/selftest/{path}": text for path, text in files.items()}


def _configuration(view: dict[str, Any], board: Board) -> Files:
    assert board.platformio is not None
    files = {
        "microlith.ini": render("platformio/microlith.ini.j2", p=view),
        "README.md": render("platformio/README.md.j2", p=view),
        "test/test_custom_runner.py": render("platformio/test_custom_runner.py"),
    }
    files |= _scripts(view)
    if not board.emulated:
        files |= _console(view, board)
        files["lib/board/print.c"] = render("platformio/print.c")
    return files


def _scripts(view: dict[str, Any]) -> Files:
    files = {}
    if view["machine_flags"]:
        files["scripts/machine_flags.py"] = render("platformio/machine_flags.py")
    if view["library"]:
        files["scripts/cmsis_nn.py"] = render("platformio/cmsis_nn.py.j2", p=view)
    return files


def _console(view: dict[str, Any], board: Board) -> Files:
    assert board.platformio is not None
    suffix = _suffix(board)
    source = f"platformio/board_{board.platformio.framework}{suffix}.j2"
    return {
        "lib/board/board.h": render("platformio/board.h.j2", p=view),
        f"lib/board/board{suffix}": render(source, p=view),
    }


def _engine(program: Program, host: Program) -> Files:
    """The PlatformIO platform of emulated boards, with the two that this project builds for."""
    root = resources.path("boards", "platform")
    paths = [root / "platform.json", root / "builder" / "main.py"]
    files = {
        f"platform/{path.relative_to(root).as_posix()}": path.read_text(encoding="utf-8")
        for path in paths
    }
    for each in (program, host):
        target = targets.get(each.target)
        base = platform(each, target)
        name = target.emulator or _HOST
        files[f"platform/boards/{name}.json"] = _manifest(target, base)
        for path, text in base.files.items():
            place = path.replace("port/", f"platform/port/{target.name}/", 1)
            files[place if place != path else f"platform/boards/{name}.ld"] = text
    return files


def _manifest(target: Target, base: Platform) -> str:
    """What PlatformIO reads of a board: boards/ID.json."""
    board = boards.get(target.emulator) if target.emulator else None
    settings = {
        "compiler": target.compiler,
        "prefix": target.tool(""),
        "flags": [flag for flag in target.flags if flag.startswith("-")],
        "c_flags": ["-std=c11"],
        "link_flags": _without_script(base.link_flags),
        "libraries": [flag.removeprefix("-l") for flag in base.libraries],
        "port": f"port/{target.name}",
        "linker_script": f"boards/{board.name}.ld" if board else "",
        "flash_sections": _pattern(FLASH_SECTIONS),
        "ram_sections": _pattern(RAM_SECTIONS),
        "emulator": list(base.emulator),
        "program": _FIRMWARE if board else "program",
        "suffix": ".elf" if board else "",
    }
    manifest = {
        "name": board.summary if board else "This machine",
        "url": "",
        "vendor": "microlith",
        "frameworks": [],
        "build": {
            "cpu": board.cpu if board else _HOST,
            "mcu": board.name if board else _HOST,
            "f_cpu": f"{board.clock if board else 0}L",
            "microlith": settings,
        },
        "upload": {
            "maximum_size": sum(memory.size for memory in board.flash) if board else 0,
            "maximum_ram_size": sum(memory.size for memory in board.ram) if board else 0,
        },
    }
    return json.dumps(manifest, indent=2) + "\n"


def _pattern(sections: tuple[str, ...]) -> str:
    r"""For PlatformIO: a line of `size -A`, whose group is the section's size."""
    return rf"^\.(?:{'|'.join(sections)})\s+(\d+).*"


def _without_script(flags: Any) -> list[str]:
    """Linker options without `-T script`: the platform's builder knows where the script lies."""
    words = list(flags)
    if "-T" in words:
        at = words.index("-T")
        del words[at : at + 2]
    return words
