# SPDX-License-Identifier: Apache-2.0
"""The checker refuses every kind of wrong plan."""

from __future__ import annotations

import pytest

from microlith.ir.program import Buffer
from microlith.memory.check import PlanError, verify_plan


def buffer(name: str, size: int, first: int, last: int, offset: int, alignment: int = 4) -> Buffer:
    return Buffer(name, "activation", size, alignment, first, last, offset)


def test_accepts_bytes_reused_after_death_and_neighbours() -> None:
    verify_plan(
        [
            buffer("a", 8, -1, 0, 0),
            buffer("b", 8, 0, 1, 8),
            buffer("c", 8, 1, 2, 0),
            buffer("nothing", 0, 0, 2, 4),
        ],
        arena=16,
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (buffer("b", 8, 2, 3, 4), "step 2: a .* and b .* overlap"),
        (buffer("b", 2, 1, 1, 4), "step 1: a .* and b .* overlap"),
        (buffer("b", 20, 0, 5, 0), "overlap"),
        (buffer("b", 8, 3, 3, 2), "b .* multiple of 4"),
        (buffer("b", 8, 3, 3, 28), "b .* leaves the arena of 32 bytes"),
        (buffer("b", 8, 3, 3, -4), "b .* leaves the arena"),
        (buffer("b", 8, 3, 2, 0), "b lives from step 3 to 2"),
    ],
)
def test_names_the_culprits(wrong: Buffer, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        verify_plan([buffer("a", 8, 0, 2, 0), buffer("c", 4, 0, 9, 24), wrong], arena=32)


def test_finds_an_overlap_that_a_third_buffer_hides() -> None:
    """The long one reaches over its next neighbour into another."""
    with pytest.raises(PlanError, match="long"):
        verify_plan(
            [buffer("long", 24, 0, 9, 0), buffer("x", 4, 1, 1, 4), buffer("y", 4, 5, 5, 16)]
        )
