# SPDX-License-Identifier: Apache-2.0
"""A checker of finished plans, which shares no code with the planner."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from microlith.ir.program import Buffer


class PlanError(AssertionError):
    """A plan of the arena is wrong: a fault of the planner, never of the user's model."""


def verify_plan(buffers: Sequence[Buffer], arena: int | None = None) -> None:
    """Replays the plan step by step: whatever is live at once lies apart, at multiples of its
    alignment, and inside `arena` bytes (default: wherever the last buffer ends).

    Raises PlanError, which names the buffers.
    """
    size = max((buffer.end for buffer in buffers), default=0) if arena is None else arena
    for buffer in buffers:
        _verify_alone(buffer, size)
    for step in sorted({buffer.first for buffer in buffers}):
        _verify_step(step, [b for b in buffers if b.first <= step <= b.last and b.size > 0])


def _verify_alone(buffer: Buffer, arena: int) -> None:
    if buffer.first > buffer.last:
        raise PlanError(f"{buffer.name} lives from step {buffer.first} to {buffer.last}")
    if buffer.size < 0 or buffer.offset < 0 or buffer.end > arena:
        raise PlanError(f"{_bytes(buffer)} leaves the arena of {arena} bytes")
    if buffer.offset % buffer.alignment != 0:
        raise PlanError(f"{_bytes(buffer)} does not start at a multiple of {buffer.alignment}")


def _verify_step(step: int, live: Sequence[Buffer]) -> None:
    """Two ranges that overlap have, in order of their starts, neighbours that overlap."""
    by_offset = sorted(live, key=lambda buffer: buffer.offset)
    for low, high in itertools.pairwise(by_offset):
        if low.end > high.offset:
            raise PlanError(f"step {step}: {_bytes(low)} and {_bytes(high)} overlap")


def _bytes(buffer: Buffer) -> str:
    where = f"bytes {buffer.offset} to {buffer.end - 1}"
    return f"{buffer.name} ({where}, steps {buffer.first} to {buffer.last})"
