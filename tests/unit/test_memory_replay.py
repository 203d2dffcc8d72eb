# SPDX-License-Identifier: Apache-2.0
"""The checker of plans by rows: good plans pass, each way to spoil one is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from microlith.ir.program import Step
from microlith.memory.check import PlanError
from microlith.memory.replay import Access, Place, replay

ROWS = 4
SPANS = [(max(r - 1, 0), min(r + 1, ROWS - 1)) for r in range(ROWS)]
"""A window of three rows."""

MAKES = Access(reads=(), writes=(0,), lead=0, scratch=None, label="op 0")
READS = Access(reads=((0, SPANS, False),), writes=(1,), lead=0, scratch=Place(64, 4), label="op 1")
STEPS = [Step(0, 0, 2), Step(1, 0, 1), Step(0, 2, 1), Step(1, 1, 1), Step(0, 3, 1), Step(1, 2, 2)]
RING = [Place(8 * (r % 3), 8) for r in range(ROWS)]
RESULT = [Place(24 + 8 * r, 8) for r in range(ROWS)]


def check(
    ring: Sequence[Place] = RING,
    result: Sequence[Place] = RESULT,
    reader: Access = READS,
    steps: Sequence[Step] = STEPS,
) -> None:
    replay([MAKES, reader], steps, {0: ring, 1: result}, given=[], kept=[1], size=68)


def test_a_ring_of_three_rows_is_enough() -> None:
    check()


def test_a_ring_that_is_a_row_too_short() -> None:
    with pytest.raises(PlanError, match=r"row 0 of tensor 0 was overwritten"):
        check(ring=[Place(8 * (r % 2), 8) for r in range(ROWS)], steps=[*STEPS])


def test_rows_that_are_read_before_they_are_written() -> None:
    with pytest.raises(PlanError, match=r"step 0, op 1: row 0 of tensor 0 was overwritten"):
        check(steps=STEPS[1:])


def test_a_result_on_what_is_read() -> None:
    with pytest.raises(PlanError, match="lies on what the step reads"):
        check(result=[Place(8 * (r % 3), 8) for r in range(ROWS)])


def test_scratch_on_what_is_read() -> None:
    with pytest.raises(PlanError, match="scratch lies on"):
        check(reader=replace(READS, scratch=Place(4, 4)))


def test_a_result_that_is_overwritten() -> None:
    with pytest.raises(PlanError, match="after the last step: row 0 of tensor 1"):
        check(result=[Place(24 + 8 * (r % 3), 8) for r in range(ROWS)])


def test_bytes_beyond_the_arena() -> None:
    with pytest.raises(PlanError, match="leave the arena"):
        check(
            result=[Place(44 + 8 * r, 8) for r in range(ROWS)], reader=replace(READS, scratch=None)
        )


def test_scratch_that_must_last() -> None:
    sums = Access(
        reads=((0, [(0, 0), (1, 1), (0, -1)], False),),
        writes=(1,),
        lead=2,
        scratch=Place(16, 8),
        label="pool",
    )
    other = Access(reads=(), writes=(2,), lead=0, scratch=None, label="other")
    rows = {0: [Place(0, 8), Place(8, 8)], 1: [Place(24, 8)], 2: [Place(32, 8)]}
    steps = [Step(0, 0, 1), Step(1, 0, 1), Step(0, 1, 2)]
    replay([sums, other], steps, rows, given=[0], kept=[1], size=40)
    rows[2] = [Place(16, 8)]
    with pytest.raises(PlanError, match="its scratch was overwritten"):
        replay([sums, other], steps, rows, given=[0], kept=[1], size=40)


def test_in_place_only_where_element_meets_element() -> None:
    same = [(r, r) for r in range(ROWS)]
    add = Access(reads=((0, same, True),), writes=(1,), lead=0, scratch=None, label="add")
    source = [Place(8 * r, 8) for r in range(ROWS)]
    replay([add], [Step(0, 0, ROWS)], {0: source, 1: source}, given=[0], kept=[1], size=32)
    shifted = [Place(8 * r + 4, 8) for r in range(ROWS)]
    with pytest.raises(PlanError, match="lies on what the step reads"):
        replay([add], [Step(0, 0, ROWS)], {0: source, 1: shifted}, given=[0], kept=[1], size=40)
