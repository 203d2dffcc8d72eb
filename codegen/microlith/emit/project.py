# SPDX-License-Identifier: Apache-2.0
"""Program → a firmware project that builds, runs and tests itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from microlith import pyocd
from microlith.emit.files import digests
from microlith.emit.model import model_sources
from microlith.emit.platform import Platform, platform
from microlith.emit.runtime import runtime_files
from microlith.emit.templates import render
from microlith.emit.vectors import TestVectors, vector_files
from microlith.ir.program import Port, Program
from microlith.kernels.cmsis_nn import library
from microlith.targets.boards import Board
from microlith.targets.target import Target
from microlith.version import __version__

Files = dict[str, str]

TOOLCHAIN = "toolchain.cmake"
"""What CMake has to know of a compiler for another machine."""


def source_files(program: Program, target: Target) -> Files:
    """What an application compiles: the model below model/, the runtime below microlith/."""
    files = {f"model/{name}": text for name, text in model_sources(program, target).items()}
    files |= {f"microlith/{name}": text for name, text in runtime_files(program).items()}
    return files


def project_files(
    program: Program, target: Target, vectors: TestVectors, board: Board | None = None
) -> Files:
    """The whole project: sources, a main program with test vectors, build files, README. It runs
    on `board` if pyOCD flashes that, else in the emulator, or on this machine."""
    files = source_files(program, target)
    files |= {f"src/{name}": text for name, text in vector_files(program, vectors).items()}
    base = platform(program, target, board)
    files |= base.files
    view = _view(program, target, vectors, base, files)
    for name in ("Makefile", "CMakeLists.txt", "README.md"):
        files[name] = render(f"project/{name}.j2", p=view)
    if base.system:
        files[TOOLCHAIN] = render("project/toolchain.cmake.j2", p=view)
    return dict(sorted(files.items()))


def manifest(program: Program, files: Mapping[str, str]) -> dict[str, Any]:
    """What was generated, from what, and with which result, JSON-ready."""
    memory = program.memory
    return {
        "tool": {"name": "microlith", "version": __version__},
        "model": {
            "name": program.model_name,
            "sha256": program.model_sha256,
            "bytes": program.model_size,
        },
        "name": program.name,
        "target": program.target,
        "options": {
            "keep_inputs": program.keep_inputs,
            "disabled_passes": list(program.disabled_passes),
            "kernels": program.kernels,
        },
        "inputs": [_port(port) for port in program.inputs],
        "outputs": [_port(port) for port in program.outputs],
        "memory": {
            "arena": memory.arena,
            "lower_bound": memory.bound,
            "activations": memory.activations,
            "activations_lower_bound": memory.activation_bound,
            "proven_optimal": memory.proven_optimal,
            "method": memory.method,
            "pinned_by": memory.pinned_by,
            "constants": program.weights_size,
        },
        "kernels": [
            {
                "op": call.op,
                "type": call.kind,
                "kernel": call.kernel,
                "backend": call.backend,
                "macs": call.macs,
                "reason": call.reason,
            }
            for call in program.calls
        ],
        "cmsis_nn": library_view(program),
        "files": digests(files),
    }


def _port(port: Port) -> dict[str, Any]:
    q = port.quantization
    return {
        "key": port.key,
        "tensor": port.name,
        "dtype": port.dtype.value,
        "shape": list(port.shape),
        "bytes": port.nbytes,
        "scale": q.scale if q and not q.per_channel else None,
        "zero_point": q.zero_point if q and not q.per_channel else None,
    }


def _view(
    program: Program,
    target: Target,
    vectors: TestVectors,
    base: Platform,
    files: Mapping[str, str],
) -> dict[str, Any]:
    sources = [path for path in files if path.endswith(".c")]
    binary = f"{program.name}.elf" if target.emulator else program.name
    return {
        "name": program.name,
        "macro": program.name.upper(),
        "model_name": program.model_name,
        "target": program.target,
        "tool_version": __version__,
        "oracle": vectors.oracle,
        "samples": vectors.samples,
        "keep_inputs": program.keep_inputs,
        "compiler": target.compiler,
        "archiver": base.archiver,
        "flags": target.cflags,
        "system": base.system,
        "bare_metal": target.emulator is not None,
        "emulated": bool(base.emulator),
        "chip": base.chip,
        "load": pyocd.command("load", base.chip),
        "watch": pyocd.command("run", base.chip),
        "mcu": base.mcu,
        "toolchain": TOOLCHAIN,
        "tools": target.tool(""),
        "processor": target.tool("").split("-")[0],
        "binary": binary,
        "link_flags": base.link_flags,
        "cmake_link_flags": [
            f.replace("link.ld", "${CMAKE_SOURCE_DIR}/link.ld") for f in base.link_flags
        ],
        "libraries": base.libraries,
        "cmake_libraries": [flag.removeprefix("-l") for flag in base.libraries],
        "run": base.run(f"build/{binary}"),
        "cmake_run": base.run("$<TARGET_FILE:firmware>"),
        "model_sources": [p for p in sources if p.startswith(("model/", "microlith/"))],
        "application_sources": [p for p in sources if p.startswith(("src/", "port/"))],
        "memory": memory_rows(program),
        "ports": port_lines(program),
        "library": library_view(program),
        "calls": program.calls,
    }


def memory_rows(program: Program) -> list[tuple[str, str]]:
    """What the README's table of memory says: (what, bytes)."""
    return [
        ("arena (all RAM of the model but its stack)", f"{program.memory.arena:,}"),
        ("lower bound of the arena", f"{program.memory.bound:,}"),
        ("constants", f"{program.weights_size:,}"),
    ]


def port_lines(program: Program) -> list[str]:
    """How the README tells of each input and output."""
    return [
        _port_line(program, port, index, role)
        for role, ports in (("input", program.inputs), ("output", program.outputs))
        for index, port in enumerate(ports)
    ]


def library_view(program: Program) -> dict[str, Any] | None:
    """Which CMSIS-NN the program needs, and which of its files are compiled."""
    if not program.uses_cmsis_nn:
        return None
    return {
        "version": library.VERSION,
        "repository": library.REPOSITORY,
        "header": library.HEADERS[0],
        "sources": list(program.library_sources),
    }


def _port_line(program: Program, port: Port, index: int, role: str) -> str:
    shape = ", ".join(str(extent) for extent in port.shape)
    q = port.quantization
    scale = f", real = {q.scale:.9g} * (value - {q.zero_point})" if q and not q.per_channel else ""
    return f"`{program.name}_{role}(m, {index})`: `{port.name}`, {port.dtype.value}[{shape}]{scale}"
