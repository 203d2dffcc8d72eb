# SPDX-License-Identifier: Apache-2.0
"""Buffers whose parts live at different times, and where two of them may lie.

A *block* has one offset in the arena. Its *parts* are the rows of a tensor (in a ring, several rows
one after the other take the same bytes), or all of it. Two blocks collide at some differences of
their offsets only: while an output's first rows are written, an input's first rows may be dead. So
placement asks for each pair which differences are forbidden, whatever the reason.

Time is counted in ticks, two a step: a step reads until its first tick and writes from its second
one where its kernel works in place, and does both in both otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Interval = tuple[int, int]
"""First and last integer, both inclusive."""


@dataclass(frozen=True)
class Part:
    """`size` bytes at `offset` in their block, live from tick `first` to tick `last`."""

    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Block:
    """Parts with one offset in the arena, a multiple of `alignment`."""

    name: str
    parts: tuple[Part, ...]
    alignment: int
    is_scratch: bool = False

    @property
    def size(self) -> int:
        return max((part.offset + part.size for part in self.parts), default=0)

    @property
    def ticks(self) -> int:
        """Ticks during which some part lives."""
        return max(p.last for p in self.parts) - min(p.first for p in self.parts) + 1


@dataclass(frozen=True)
class InPlace:
    """Bytes that one step reads, `source` of block `reader`, and writes, `target` of block
    `writer`, element i being read before element i is written: they lie apart, or start at the same
    place if `same` holds."""

    reader: int
    source: Interval
    writer: int
    target: Interval
    same: bool


Forbidden = Mapping[tuple[int, int], Sequence[Interval]]
"""For blocks i < j the differences `offset of j - offset of i` at which they collide."""


def forbidden_differences(blocks: Sequence[Block], in_place: Iterable[InPlace] = ()) -> Forbidden:
    """Where pairs of blocks would share a byte that both need; pairs that never collide are left
    out."""
    arrays = [_columns(block) for block in blocks]
    steps: dict[tuple[int, int], list[Interval]] = {}
    for meeting in in_place:
        pair, intervals = _meeting(meeting)
        steps.setdefault(pair, []).extend(intervals)
    found = {}
    for i, first in enumerate(arrays):
        for j in range(i + 1, len(arrays)):
            intervals = merge([*_collisions(first, arrays[j]), *steps.get((i, j), ())])
            if intervals:
                found[i, j] = intervals
    return found


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same integers in the fewest intervals, ascending."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def _columns(block: Block) -> Array:
    """Offset, size, first and last tick of parts that have bytes, a column each."""
    parts = [(p.offset, p.size, p.first, p.last) for p in block.parts if p.size]
    return np.array(parts, np.int64).reshape(-1, 4).T


def _collisions(first: Array, second: Array) -> list[Interval]:
    """Differences at which parts that live at the same time overlap.

    Part a at `x + a` and part b at `x + d + b` share a byte when `d + b < a + size of a` and
    `a < d + b + size of b`.
    """
    a, a_size, a_first, a_last = first[:, :, None]
    b, b_size, b_first, b_last = second[:, None, :]
    together = (a_first <= b_last) & (b_first <= a_last)
    low = (a - b - b_size + 1)[together]
    high = (a - b + a_size - 1)[together]
    if not low.size:
        return []
    pairs = np.unique(np.stack([low, high], 1), axis=0)
    return merge((int(start), int(end)) for start, end in pairs)


def _meeting(at: InPlace) -> tuple[tuple[int, int], list[Interval]]:
    apart = at.source[0] - at.target[0]
    low, high = at.source[0] - at.target[1], at.source[1] - at.target[0]
    intervals = [(low, apart - 1), (apart + 1, high)] if at.same else [(low, high)]
    if at.reader < at.writer:
        return (at.reader, at.writer), [(a, b) for a, b in intervals if a <= b]
    return (at.writer, at.reader), [(-b, -a) for a, b in intervals if a <= b]


@dataclass(frozen=True)
class Peak:
    """`size` bytes live together at `tick`: no placement needs less."""

    size: int
    tick: int


def peak(blocks: Sequence[Block]) -> Peak:
    """The largest sum of live bytes, at its first tick. Padding for alignment is left out."""
    columns = [_columns(block) for block in blocks]
    parts = np.concatenate(columns, axis=1) if columns else np.zeros((4, 0), np.int64)
    _, size, first, last = parts
    if not size.size:
        return Peak(0, 0)
    start = int(first.min())
    change = np.zeros(int(last.max()) - start + 2, np.int64)
    np.add.at(change, first - start, size)
    np.add.at(change, last - start + 1, -size)
    live = np.cumsum(change)
    tick = int(live.argmax())
    return Peak(int(live[tick]), tick + start)
