# SPDX-License-Identifier: Apache-2.0
"""Offsets of blocks (memory/blocks.py), by greedy placement in many orders.

Each block takes the lowest place in which none of its parts meets, while both live, a part of those
placed before it. Blocks that stick out of the best known top are then moved to the front and
placement repeated. The orders are drawn from a fixed seed: the same blocks get the same offsets on
any machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from microlith.memory.blocks import Array, Block, peak
from microlith.memory.lifetimes import align

SEED = 1

ORDERS = 10
"""Orders that are tried."""

REPAIRS = 3
"""Placements from each of them."""


@dataclass(frozen=True)
class Offsets:
    """An offset for each block. `top` is the end of the last byte, `floor` a lower bound of it."""

    offsets: tuple[int, ...]
    top: int
    floor: int
    method: str


def place_blocks(blocks: Sequence[Block], *, orders: int = ORDERS) -> Offsets:
    """The lowest top found."""
    floor = peak(blocks).size
    best: Offsets | None = None
    columns = [block.columns for block in blocks]
    for name, first in _orders(blocks, orders):
        order = first
        for _ in range(REPAIRS):
            offsets = _place(blocks, columns, order)
            ends = [offset + b.size for offset, b in zip(offsets, blocks, strict=True)]
            top = max(ends, default=0)
            if best is None or top < best.top:
                best = Offsets(tuple(offsets), top, floor, name)
            if best.top <= floor:
                return best
            high = [i for i in order if ends[i] > floor]
            chosen = set(high)
            order = high + [i for i in order if i not in chosen]
    assert best is not None
    return best


def _orders(blocks: Sequence[Block], count: int) -> Iterator[tuple[str, list[int]]]:
    """Large blocks first, or in the order in which they are needed, and mixtures of both."""
    draw = random.Random(SEED)
    everything = range(len(blocks))
    largest = max((block.size for block in blocks), default=1) or 1
    for number in range(count):
        share = number / max(count - 1, 1)
        if number % 2:
            share = draw.random()
        noise = 0.0 if number < 4 else 0.05
        span = max((block.last for block in blocks), default=1) or 1
        key = [
            (1 - share) * blocks[i].first / span
            - share * blocks[i].size / largest
            + draw.uniform(-noise, noise)
            for i in everything
        ]
        yield f"first fit {number}", sorted(everything, key=lambda i: key[i])


def _place(blocks: Sequence[Block], columns: Sequence[Array], order: Sequence[int]) -> list[int]:
    offsets = [0] * len(blocks)
    total = sum(part.shape[1] for part in columns)
    placed = np.zeros((4, total), np.int64)
    filled = 0
    for i in order:
        offsets[i] = _lowest(columns[i], placed[:, :filled], blocks[i].alignment)
        count = columns[i].shape[1]
        placed[:, filled : filled + count] = columns[i]
        placed[0, filled : filled + count] += offsets[i]
        filled += count
    return offsets


def _lowest(block: Array, placed: Array, alignment: int) -> int:
    """The lowest offset of a block among placed parts: offset x is taken when, for some pair that
    lives at the same time, part and placed share a byte, `x + offset < end of placed` and
    `placed < x + offset + size`."""
    if block.shape[1] == 1:
        offset, size, first, last = block[:, 0]
        near = placed[:, (placed[2] <= last) & (placed[3] >= first)]
        low, high = near[0] - (offset + size - 1), near[0] + (near[1] - offset - 1)
    else:
        offset, size, first, last = block[:, :, None]
        at, extent, begins, ends = placed[:, None, :]
        together = (first <= ends) & (begins <= last)
        low = (at - offset - size + 1)[together]
        high = (at - offset + extent - 1)[together]
    found = 0
    for start, end in sorted(zip(low.tolist(), high.tolist(), strict=True)):
        if start > found:
            break
        if end >= found:
            found = align(end + 1, alignment)
    return found
