# SPDX-License-Identifier: Apache-2.0
"""Boards as `microlith boards` shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from microlith.report.text import size
from microlith.targets.boards import Board, Memory
from microlith.targets.match import features_of, find_target

if TYPE_CHECKING:
    from microlith.fitting import Fit, Place


def board_json(board: Board) -> dict[str, Any]:
    """Everything that is known of a board, JSON-ready."""
    target = find_target(board)
    platformio = board.platformio
    return {
        "id": board.name,
        "name": board.summary,
        "mcu": board.mcu,
        "core": board.cpu,
        "target": target.name if target else None,
        "features": sorted(features_of(board)),
        "clock": board.clock or None,
        "microamps_per_mhz": board.microamps_per_mhz,
        "flash": [_memory(memory) for memory in board.flash],
        "ram": [_memory(memory) for memory in board.ram],
        "placement": dict(board.placement),
        "debugger": board.debugger,
        "programmer": board.programmer,
        "console": {"kind": board.console.kind, "baud": board.console.baud or None},
        "platformio": {
            "platform": platformio.platform,
            "board": platformio.board,
            "framework": platformio.framework or None,
        }
        if platformio
        else None,
        "emulated": board.emulated,
    }


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "name": memory.name,
        "origin": memory.origin,
        "size": memory.size,
        "speed": memory.speed,
    }


def board_lines(boards: Sequence[Board]) -> list[str]:
    """A table: id, core, clock, flash and every RAM, name."""
    rows = [
        (
            board.name,
            board.cpu,
            f"{board.clock // 1_000_000} MHz" if board.clock else "-",
            size(sum(memory.size for memory in board.flash)),
            " + ".join(f"{memory.name} {size(memory.size)}" for memory in board.ram),
            board.summary,
        )
        for board in boards
    ]
    return _table(("id", "core", "clock", "flash", "ram", "board"), rows)


def fit_lines(fits: Sequence[Fit]) -> list[str]:
    """A table: id, verdict, percentage of each memory that is needed, what pins the model."""

    def share(places: Sequence[Place]) -> str:
        return ", ".join(f"{p.name} {100 * p.needed / p.room:.0f} %" for p in places)

    rows = [
        (
            fit.board.name,
            "fits" if fit.fits else "no",
            fit.target or "-",
            share(fit.flash),
            share(fit.ram),
            fit.pinned_by,
        )
        for fit in fits
    ]
    return _table(("id", "", "target", "flash", "ram", "pinned by"), rows)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
