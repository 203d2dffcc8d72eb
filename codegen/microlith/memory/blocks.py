# SPDX-License-Identifier: Apache-2.0
"""Blocks of bytes whose parts live at different times.

A *block* has one offset in the arena: a row of a tensor, or all of its rows where a kernel needs
them in one piece. Its *parts* are what lives and dies on its own: while the first rows of an output
are written, the first rows of an input may be dead, and the output may lie on them.

Time is counted in ticks, two a step. What a step reads lives in its first tick and, unless the step
writes on it, in its second; what it writes lives in its second tick and, unless it overwrites what
is read, in its first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


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
    def first(self) -> int:
        """The tick in which its first part begins."""
        return min(part.first for part in self.parts)

    @property
    def last(self) -> int:
        return max(part.last for part in self.parts)

    @property
    def columns(self) -> Array:
        """Offset, size, first and last tick of parts that have bytes, a column each."""
        parts = [(p.offset, p.size, p.first, p.last) for p in self.parts if p.size]
        return np.array(parts, np.int64).reshape(-1, 4).T


@dataclass(frozen=True)
class Peak:
    """`size` bytes live together at `tick`: no placement needs less."""

    size: int
    tick: int


def peak(blocks: Sequence[Block]) -> Peak:
    """The largest sum of live bytes, at its first tick. Padding for alignment is left out.

    Parts of a block that share bytes never live together, so each byte counts once.
    """
    columns = [block.columns for block in blocks]
    _, size, first, last = np.concatenate([np.zeros((4, 0), np.int64), *columns], axis=1)
    if not size.size:
        return Peak(0, 0)
    start = int(first.min())
    change = np.zeros(int(last.max()) - start + 2, np.int64)
    np.add.at(change, first - start, size)
    np.add.at(change, last - start + 1, -size)
    live = np.cumsum(change)
    tick = int(live.argmax())
    return Peak(int(live[tick]), tick + start)
