# SPDX-License-Identifier: Apache-2.0
"""Which boards a model fits: each target's code is compiled once and measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith import targets
from microlith.emit.files import write_files
from microlith.emit.project import source_files
from microlith.errors import ToolError
from microlith.ir.program import Program
from microlith.simulate import image
from microlith.targets.boards import Board
from microlith.targets.match import find_target


@dataclass(frozen=True)
class Need:
    """What a model takes on a target, in bytes: `code` and `constants` of flash, `arena` (with the
    instance) and `data` of RAM. `code` is None where the target's compiler is missing."""

    code: int | None
    constants: int
    arena: int
    data: int
    pinned_by: str


@dataclass(frozen=True)
class Place:
    """A memory of a board: what the firmware needs of it, and what it has, in bytes."""

    name: str
    needed: int
    room: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.room


@dataclass(frozen=True)
class Fit:
    """Whether a model fits a board: its flash and RAM, largest need first, and what pins it, ""
    for a board that has room. A board of no target has neither."""

    board: Board
    target: str | None
    flash: tuple[Place, ...]
    ram: tuple[Place, ...]
    pinned_by: str

    @property
    def fits(self) -> bool:
        return bool(self.ram) and all(place.fits for place in (*self.flash, *self.ram))

    def to_json(self) -> dict[str, Any]:
        def places(found: Sequence[Place]) -> list[dict[str, Any]]:
            return [{"memory": p.name, "needed": p.needed, "room": p.room} for p in found]

        return {
            "id": self.board.name,
            "target": self.target,
            "fits": self.fits,
            "flash": places(self.flash),
            "ram": places(self.ram),
            "pinned_by": self.pinned_by or None,
        }


def fit(compile_for: Callable[[str], Program], boards: Sequence[Board]) -> list[Fit]:
    """One Fit a board. `compile_for` makes the program of a target; it is called once a target."""
    needs: dict[str, Need] = {}
    found = []
    for board in boards:
        target = find_target(board)
        if target is None:
            found.append(Fit(board, None, (), (), f"no code for a {board.cpu}"))
            continue
        if target.name not in needs:
            needs[target.name] = measure(compile_for(target.name))
        found.append(judge(board, target.name, needs[target.name]))
    return found


def measure(program: Program) -> Need:
    """What the program takes, from its firmware for the emulated board of its target."""
    target = targets.get(program.target)
    need = Need(None, program.weights_size, program.memory.arena, 0, program.memory.pinned_by)
    with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
        sources = Path(scratch)
        write_files(source_files(program, target), sources, force=True)
        try:
            firmware = image.build_firmware(program, sources, target, sources)
        except ToolError:
            return need
    flash, ram = firmware.figures(program.name, None)
    return Need(
        code=flash["code"],
        constants=flash["weights"] or need.constants,
        arena=ram["arena"] or need.arena,
        data=(ram["data"] or 0) + (ram["bss"] or 0),
        pinned_by=need.pinned_by,
    )


def judge(board: Board, target: str, need: Need) -> Fit:
    """Puts each part into the memory that the board's file names for it. The stack counts as the
    board's file reserves it; what the board's own framework takes does not count."""
    flash = _places(board, {"code": need.code or 0, "weights": need.constants})
    ram = _places(board, {"arena": need.arena, "data": need.data, "stack": board.stack_size})
    return Fit(board, target, flash, ram, _pin(need, flash, ram))


def _places(board: Board, parts: dict[str, int]) -> tuple[Place, ...]:
    """The memories of the parts: those that are placed in the same one add up."""
    sums: dict[str, int] = {}
    rooms: dict[str, int] = {}
    for part, size in parts.items():
        name = board.placement[part]
        sums[name] = sums.get(name, 0) + size
        rooms[name] = board.room(part)
    places = [Place(name, needed, rooms[name]) for name, needed in sums.items()]
    return tuple(sorted(places, key=lambda place: -place.needed))


def _pin(need: Need, flash: Sequence[Place], ram: Sequence[Place]) -> str:
    """Why the model does not fit, each memory that is too small told of."""
    parts = f"{need.constants:,} bytes of constants and {need.code or 0:,} of code"
    arena = f"an arena of {need.arena:,}, pinned by {need.pinned_by}"
    reasons = [f"{_excess(place)}: {parts}" for place in flash if not place.fits]
    reasons += [f"{_excess(place)}: {arena}" for place in ram if not place.fits]
    return "; ".join(reasons)


def _excess(place: Place) -> str:
    return f"{place.name} lacks {place.needed - place.room:,} bytes"
