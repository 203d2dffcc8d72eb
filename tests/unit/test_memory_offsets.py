# SPDX-License-Identifier: Apache-2.0
"""Placement of blocks whose parts live at different times."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from microlith.memory.blocks import Block, Part, peak
from microlith.memory.offsets import place_blocks


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    parts = []
    offset = 0
    for _ in range(draw(st.integers(1, 4))):
        size = draw(st.integers(0, 40))
        first = draw(st.integers(-2, 20))
        parts.append(Part(offset, size, first, first + draw(st.integers(0, 8))))
        offset += size
    return Block("b", tuple(parts), draw(st.sampled_from([1, 4, 16])))


def live_bytes(found: Sequence[Block], offsets: Sequence[int], tick: int) -> list[int]:
    """Addresses of all bytes that live at a tick."""
    return [
        offset + part.offset + i
        for block, offset in zip(found, offsets, strict=True)
        for part in block.parts
        if part.first <= tick <= part.last
        for i in range(part.size)
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks(), min_size=1, max_size=9))
def test_no_live_byte_is_shared(found: list[Block]) -> None:
    placed = place_blocks(found)
    for tick in range(-2, 30):
        addresses = live_bytes(found, placed.offsets, tick)
        assert len(addresses) == len(set(addresses))
        assert max(addresses, default=-1) < placed.top
    assert placed.floor == peak(found).size <= placed.top
    for block, offset in zip(found, placed.offsets, strict=True):
        assert offset % block.alignment == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(blocks(), min_size=1, max_size=9))
def test_the_peak_is_the_most_that_lives_at_once(found: list[Block]) -> None:
    sums = [
        sum(p.size for b in found for p in b.parts if p.first <= tick <= p.last)
        for tick in range(-2, 30)
    ]
    assert peak(found).size == max(sums)
    assert sums[peak(found).tick + 2] == max(sums)


def test_an_output_lies_on_dead_rows_of_its_input() -> None:
    """Ten rows of eight bytes each become ten of eight, one a step."""
    rows = range(10)
    source = Block("in", tuple(Part(8 * r, 8, -2, 2 * r + 1) for r in rows), 4)
    result = [Block(f"out{r}", (Part(0, 8, 2 * r, 21),), 4) for r in rows]
    placed = place_blocks([source, *result])
    assert placed.top == peak([source, *result]).size == 88
