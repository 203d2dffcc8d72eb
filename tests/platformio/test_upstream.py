# SPDX-License-Identifier: Apache-2.0
"""Boards against the facts that the upstream PlatformIO platforms state of them."""

from __future__ import annotations

import re
import tomllib
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from microlith.targets import boards
from microlith.targets.boards import Board

TABLE = tomllib.loads((Path(__file__).parent / "upstream.toml").read_text(encoding="utf-8"))
UPSTREAM: dict[tuple[str, str], dict[str, Any]] = {
    (source["platform"], entry["board"]): entry
    for source in TABLE["source"]
    for entry in source["boards"]
}
KNOWN = [board for board in boards.everything() if board.platformio and not board.emulated]


def fact(board: Board) -> dict[str, Any]:
    assert board.platformio is not None
    return UPSTREAM[board.platformio.platform, board.platformio.board]


def test_the_table_names_its_sources() -> None:
    for source in TABLE["source"]:
        assert re.fullmatch("[0-9a-f]{40}", source["commit"])
        assert source["repository"].startswith("https://")


def test_every_board_of_the_table_exists() -> None:
    ours = {(b.platformio.platform, b.platformio.board) for b in KNOWN if b.platformio}
    assert ours == set(UPSTREAM)


@pytest.mark.parametrize("board", KNOWN, ids=lambda board: board.name)
def test_memories_are_those_that_upstream_links_for(board: Board) -> None:
    upstream = fact(board)
    assert board.room("code") == upstream["flash"]
    first = [memory.name for memory in board.ram].index(board.placement["data"])
    assert upstream["ram"] in accumulate(memory.size for memory in board.ram[first:])
    assert board.room("data") == upstream["ram"]


@pytest.mark.parametrize("board", KNOWN, ids=lambda board: board.name)
def test_core_clock_and_framework_are_those_of_upstream(board: Board) -> None:
    upstream = fact(board)
    assert board.platformio is not None
    assert board.platformio.framework in upstream["frameworks"]
    assert board.clock == upstream["clock"]
    assert upstream["cpu"] in ("", board.cpu)
    assert upstream["protocol"] in ("", board.programmer)
    assert upstream["mcu"][:6] in board.mcu.lower().replace("-", "") or board.name in (
        "uno_r4_minima",  # upstream calls the chip by its series
        "teensy41",  # by its core's variant
    )
