# SPDX-License-Identifier: Apache-2.0
"""What is installed, what is missing for which verb, and the command that brings it."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from microlith import platformio, pyocd
from microlith.errors import ToolError
from microlith.simulate import qemu, toolchain
from microlith.targets import TARGETS, Target

_FLASH = "pip install 'microlith[flash]'"


@dataclass(frozen=True)
class Check:
    """A thing that is there (`found` says where or which) or missing (`found` is None), what it
    is needed for, and the command that installs it."""

    name: str
    found: str | None
    needed_for: tuple[str, ...]
    fix: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.found is not None}


def examine() -> list[Check]:
    """All checks, in the order in which a user meets the things."""
    return [
        _module("ai_edge_litert", "LiteRT, the reference", ("generate", "verify"), "microlith"),
        *_compilers(),
        *_emulators(),
        *_platformio(),
        _program("cmake", ("generate --project cmake",), "apt install cmake"),
        _program("make", ("generate --project cmake",), "apt install make"),
        _pyocd(),
        _module("serial", "pyserial", ("flash --monitor", "verify --port"), "microlith[flash]"),
        _module("tensorflow", "TensorFlow", ("conversion of Keras models",), "microlith[convert]"),
    ]


def _module(module: str, name: str, needed_for: tuple[str, ...], package: str) -> Check:
    found = importlib.util.find_spec(module) is not None
    return Check(name, module if found else None, needed_for, f"pip install '{package}'")


def _program(name: str, needed_for: tuple[str, ...], fix: str) -> Check:
    return Check(name, shutil.which(name), needed_for, fix)


def _pyocd() -> Check:
    verbs = ("flash and run, on boards that PlatformIO does not know",)
    try:
        return Check("pyocd", pyocd.find(), verbs, pyocd.HOW_TO_GET)
    except ToolError:
        return Check("pyocd", None, verbs, pyocd.HOW_TO_GET)


def _compilers() -> Iterable[Check]:
    for compiler, users in _by(TARGETS, lambda target: target.compiler).items():
        found: str | None = shutil.which(compiler)
        fix = toolchain.how_to_install(compiler)
        if found:
            try:
                toolchain.for_target(users[0])
            except ToolError as error:
                found, fix = None, error.fix
        yield Check(compiler, found, _verbs(users), fix)


def _emulators() -> Iterable[Check]:
    emulated = [target for target in TARGETS if qemu.program(target)]
    for program, users in _by(emulated, lambda target: qemu.program(target) or "").items():
        yield Check(
            program, shutil.which(program), _verbs(users), toolchain.how_to_install(program)
        )


def _by(targets: Iterable[Target], key: Any) -> dict[str, list[Target]]:
    groups: dict[str, list[Target]] = {}
    for target in targets:
        groups.setdefault(key(target), []).append(target)
    return groups


def _verbs(users: Iterable[Target]) -> tuple[str, ...]:
    names = ", ".join(target.name for target in users)
    return (f"simulate, verify and bench on {names}",)


def _platformio() -> Iterable[Check]:
    verbs = ("build", "flash", "run")
    try:
        core = platformio.core()
    except ToolError:
        yield Check("platformio", None, verbs, _FLASH)
        return
    yield Check("platformio", f"{core.command} {core.version}", verbs, _FLASH)
    release = platformio.scons_version(platformio.package_version(core.requirement))
    fits = core.scons is not None and core.scons[0] == release
    yield Check(
        f"scons {release}",
        str(core.scons[1]) if core.scons and fits else None,
        ("platformio-offline",),
        f"{sys.executable} -m pip install scons=={release}",
    )
