# SPDX-License-Identifier: Apache-2.0
"""Board: a microcontroller board, its memories, and how firmware gets onto it.

Each board is a TOML file in `boards/`; an emulated one names its emulator.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from microlith import resources
from microlith.errors import OptionError

PLACES = ("code", "weights", "arena", "data", "stack")
"""What a firmware consists of; `code` holds the vector table and the image of `data` too."""

EMULATED_PLATFORM = "microlith"
"""PlatformIO platform of the emulated boards: `boards/platform`."""


@dataclass(frozen=True)
class Memory:
    """A range of addresses. `origin` and `size` are in bytes; `speed` is the number of cycles of
    a word access, 1 being the core's own pace, caches apart; `kind` is "flash" for what keeps its
    contents, else "ram"."""

    name: str
    origin: int
    size: int
    speed: int
    kind: str = "ram"

    @property
    def end(self) -> int:
        return self.origin + self.size


@dataclass(frozen=True)
class PlatformIO:
    """How PlatformIO builds for a board: a platform's name or address, its id of the board, and a
    framework ("" for none). `machine_flags` are compiler and linker options that the platform
    does not set by itself: those of the FPU."""

    platform: str
    board: str
    framework: str
    machine_flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Console:
    """Where a firmware prints: `kind` is "uart" (by way of the debugger's serial port), "usb" or
    "semihosting"; `baud` bits per second. Frameworks without a console of their own need the
    `uart` with its pins, as in "PA2", and their alternate function."""

    kind: str
    baud: int
    uart: str = ""
    tx: str = ""
    rx: str = ""
    alternate: int = 0


@dataclass(frozen=True)
class Board:
    """`placement` maps each of PLACES to the name of a memory; `stack_size` is in bytes; `clock`
    in Hz, 0 where time has no meaning; `features` are those of the core, as targets name them;
    `target` is the target to compile for where it is not the one of that core.

    `emulator` is the emulator's command with the options that select the machine, empty for a
    real board; `programmer` is the protocol or tool that writes its flash, and `pyocd` what pyOCD
    calls the chip, where PlatformIO does not know the board. `microamps_per_mhz` is what the core
    takes while it runs from flash, at a supply of `volts`."""

    name: str
    summary: str
    cpu: str
    memories: tuple[Memory, ...]
    placement: Mapping[str, str]
    stack_size: int
    emulator: tuple[str, ...]
    mcu: str = ""
    features: frozenset[str] | None = None
    target: str = ""
    clock: int = 0
    debugger: str = ""
    programmer: str = ""
    pyocd: str = ""
    microamps_per_mhz: float | None = None
    volts: float = 3.3
    platformio: PlatformIO | None = None
    console: Console = Console("semihosting", 0)

    @property
    def wait_states(self) -> int:
        """Cycles that an access to the memory of the code waits, caches apart."""
        return next(m.speed - 1 for m in self.memories if m.name == self.placement["code"])

    @property
    def emulated(self) -> bool:
        return bool(self.emulator)

    @cached_property
    def flash(self) -> tuple[Memory, ...]:
        """Memories of code and constants: of kind flash or, on an emulated board, in their role."""
        roles = {self.placement["code"], self.placement["weights"]} if self.emulated else set()
        return tuple(m for m in self.memories if m.kind == "flash" or m.name in roles)

    @cached_property
    def ram(self) -> tuple[Memory, ...]:
        """All other memories."""
        return tuple(m for m in self.memories if m not in self.flash)

    def room(self, place: str) -> int:
        """Bytes from the start of the memory of `place` to the end of what follows it without a
        gap, in the file and in the address space: linker scripts treat that as one memory."""
        kind = self.flash if place in ("code", "weights") else self.ram
        first = next(i for i, m in enumerate(kind) if m.name == self.placement[place])
        end = kind[first].end
        for memory in kind[first + 1 :]:
            if memory.origin != end:
                break
            end = memory.end
        return end - kind[first].origin


def names() -> tuple[str, ...]:
    """All boards, sorted."""
    return tuple(sorted(path.stem for path in resources.path("boards").glob("*.toml")))


def everything() -> tuple[Board, ...]:
    """All boards, sorted by name."""
    return tuple(get(name) for name in names())


def emulated() -> tuple[Board, ...]:
    """The boards that an emulator runs, sorted by name."""
    return tuple(board for board in everything() if board.emulated)


def get(name: str) -> Board:
    """The board called `name`; OptionError, with names that are alike, when there is none."""
    if name not in names():
        alike = [known for known in names() if _key(name) in _key(known)] or names()
        raise OptionError(f"there is no board {name!r}", fix=f"choose from {', '.join(alike)}")
    return load(resources.path("boards", f"{name}.toml"))


def find(text: str) -> tuple[Board, ...]:
    """Boards whose id, name, chip or core contains `text`; case and punctuation do not count."""
    wanted = _key(text)
    return tuple(b for b in everything() if wanted in _key(f"{b.name} {b.summary} {b.mcu} {b.cpu}"))


def load(path: Path) -> Board:
    """Reads a board file; OptionError says which entry is missing or wrong."""
    try:
        board = _board(path.stem, tomllib.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"bad or missing entry: {error}", where=str(path)) from error
    known = {memory.name for memory in board.memories}
    for place in PLACES:
        if board.placement.get(place) not in known:
            raise OptionError(
                f"placement.{place} names no memory of the board",
                where=str(path),
                fix=f"choose from {', '.join(sorted(known))}",
            )
    return board


def _key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _board(name: str, table: Mapping[str, Any]) -> Board:
    entries = dict(table)
    emulator = tuple(entries.pop("emulator", ()))
    features = entries.pop("features", None)
    console = entries.pop("console", None)
    platformio = entries.pop("platformio", None)
    defaults: dict[str, Any] = {}
    if emulator:
        defaults = {
            "mcu": "emulated",
            "debugger": "emulator",
            "programmer": "emulator",
            "platformio": PlatformIO(EMULATED_PLATFORM, name, ""),
        }
    if console:
        defaults["console"] = Console(**console)
    if platformio:
        flags = tuple(platformio.pop("machine_flags", ()))
        defaults["platformio"] = PlatformIO(**platformio, machine_flags=flags)
    return Board(
        name=name,
        summary=entries.pop("summary"),
        cpu=entries.pop("cpu"),
        stack_size=entries.pop("stack_size"),
        memories=tuple(Memory(**memory) for memory in entries.pop("memory")),
        placement=dict(entries.pop("placement")),
        features=None if features is None else frozenset(features),
        emulator=emulator,
        **{**defaults, **entries},
    )
