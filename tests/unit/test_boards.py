# SPDX-License-Identifier: Apache-2.0
"""The boards' files: every entry that a user or another stage relies on is there and sound."""

from __future__ import annotations

from itertools import pairwise

import pytest

from microlith.report.boards import board_json, board_lines
from microlith.report.text import size
from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.match import features_of, find_target, target_for

ALL = boards.everything()
REAL = [board for board in ALL if not board.emulated]
# Of the instruction set; targets add hints for tuning.
FEATURES = {"thumb2", "dsp", "fpu", "fpu_double", "mve", "mve_float"}


def test_there_are_boards_of_every_kind() -> None:
    assert len(REAL) >= 20
    assert {"F0", "F4", "F7", "G0", "G4", "H5", "H7", "L4", "U5", "WB"} <= {
        board.mcu.removeprefix("STM32")[:2] for board in REAL if board.mcu.startswith("STM32")
    }


@pytest.mark.parametrize("board", ALL, ids=lambda board: board.name)
def test_memories_have_sizes_speeds_and_places_of_their_own(board: Board) -> None:
    assert board.flash and board.ram
    for memory in board.memories:
        assert memory.size > 0
        assert memory.speed >= 1
        assert memory.kind in ("flash", "ram")
    for low, high in pairwise(sorted(board.memories, key=lambda memory: memory.origin)):
        assert low.end <= high.origin
    flash = {memory.name for memory in board.flash}
    assert {board.placement["code"], board.placement["weights"]} <= flash
    assert not {board.placement[place] for place in ("arena", "data", "stack")} & flash
    assert board.stack_size < board.room("stack")


@pytest.mark.parametrize("board", REAL, ids=lambda board: board.name)
def test_real_boards_are_complete(board: Board) -> None:
    assert board.mcu and board.cpu and board.summary
    assert board.features is not None and board.features <= FEATURES
    assert 16_000_000 <= board.clock <= 1_000_000_000
    assert board.debugger and board.programmer
    if board.platformio is not None:
        assert board.console.kind in ("uart", "usb") and board.console.baud >= 9600
    else:
        assert board.pyocd and board.console.kind == "semihosting"
    if board.platformio and board.platformio.framework == "stm32cube":
        assert board.console.uart and board.console.tx and board.console.rx
        assert ("fpu" in board.features) == bool(board.platformio.machine_flags)


@pytest.mark.parametrize("board", ALL, ids=lambda board: board.name)
def test_code_for_a_board_uses_nothing_that_its_core_lacks(board: Board) -> None:
    target = find_target(board)
    if target is None:
        pytest.skip(f"no target for {board.cpu} yet")
    assert target.features & FEATURES <= features_of(board)


def test_cores_without_a_target_take_the_nearest() -> None:
    assert target_for(boards.get("ek_ra8d1")).name == "cortex-m55"
    assert target_for(boards.get("nucleo_f446re")).name == "cortex-m4"


def test_adjacent_memories_are_one_to_the_linker() -> None:
    assert boards.get("nucleo_f446re").room("data") == 128 * 1024
    assert boards.get("nucleo_l476rg").room("data") == 96 * 1024


def test_the_filter_looks_at_ids_chips_and_cores() -> None:
    assert [board.name for board in boards.find("F446")] == ["nucleo_f446re"]
    assert {board.name for board in boards.find("nRF52840")} == {"nrf52840_dk", "nano33ble"}
    assert "ek_ra8d1" in {board.name for board in boards.find("cortex-m85")}
    assert not boards.find("breadboard")


def test_json_has_every_memory() -> None:
    entry = board_json(boards.get("nucleo_f446re"))
    assert [memory["size"] for memory in entry["flash"]] == [512 * 1024]
    assert [memory["name"] for memory in entry["ram"]] == ["sram1", "sram2"]
    assert entry["platformio"] == {
        "platform": "ststm32",
        "board": "nucleo_f446re",
        "framework": "stm32cube",
    }


def test_the_table_has_a_line_for_each_board() -> None:
    lines = board_lines(boards.find("f446"))
    assert len(lines) == 2
    assert "sram1 112 KiB + sram2 16 KiB" in lines[1]


def test_sizes_are_exact() -> None:
    assert [size(n) for n in (1, 1024, 1536, 1 << 20, 0)] == [
        "1 B",
        "1 KiB",
        "1,536 B",
        "1 MiB",
        "0 B",
    ]
