# SPDX-License-Identifier: Apache-2.0
"""Compilers and other programs: where they are, and which package brings a missing one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from microlith.errors import ToolError
from microlith.targets.target import Target

_PACKAGES = {
    "cc": "gcc",
    "gcc": "gcc",
    "ar": "binutils",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "arm-none-eabi-ar": "binutils-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "aarch64-linux-gnu-ar": "binutils-aarch64-linux-gnu",
    "qemu-aarch64": "qemu-user",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "riscv64-unknown-elf-ar": "binutils-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
}

_C_LIBRARIES = {
    "arm-none-eabi-gcc": ("newlib", "libnewlib-arm-none-eabi"),
    "aarch64-linux-gnu-gcc": ("glibc", "libc6-dev-arm64-cross"),
    "riscv64-unknown-elf-gcc": ("picolibc", "picolibc-riscv64-unknown-elf"),
}
"""The C library of a cross compiler, and the package that brings it."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler and its archiver; `identity` changes when the compiler does."""

    compiler: str
    archiver: str
    identity: str


def find(program: str) -> str:
    """Absolute path of `program`; ToolError, with the Debian package, when it is missing."""
    path = shutil.which(program)
    if path is None:
        raise ToolError(
            f"{program} is needed, but not installed",
            fix=f"install it (on Debian: {how_to_install(program)})",
        )
    return path


def how_to_install(program: str) -> str:
    """The command that brings a program, on Debian."""
    return f"apt install {_PACKAGES.get(program, program)}"


@cache
def for_target(target: Target) -> Toolchain:
    """The tools that build for `target`; ToolError when one of them is missing."""
    compiler = find(target.compiler)
    archiver = find(target.tool("ar"))
    if target.is_cross:
        _require_c_library(compiler, target)
    version = execute([compiler, "--version"]).stdout
    return Toolchain(compiler, archiver, f"{compiler}\n{version}")


def _require_c_library(compiler: str, target: Target) -> None:
    command = [compiler, *target.flags, "-E", "-x", "c", "-"]
    result = attempt(command, time_limit=60, stdin="#include <string.h>\n#include <math.h>\n")
    if result.returncode != 0:
        library, package = _C_LIBRARIES[target.compiler]
        raise ToolError(
            f"{library}, the C library of programs for {target.name}, is missing",
            fix=f"install it (on Debian: apt install {package})",
        )


def execute(command: Sequence[str], *, time_limit: float = 600) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, in seconds; ToolError with what it printed when it fails."""
    result = attempt(command, time_limit=time_limit)
    if result.returncode != 0:
        name = Path(command[0]).name
        raise ToolError(f"{name} failed:\n{(result.stderr or result.stdout).strip()}")
    return result


def attempt(
    command: Sequence[str], *, time_limit: float, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command; ToolError only when it cannot be started or exceeds the time limit."""
    try:
        return subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(
            f"{Path(command[0]).name} did not end within {time_limit:.0f} s and was stopped"
        ) from error
    except OSError as error:
        raise ToolError(f"cannot run {command[0]}: {error}") from error
