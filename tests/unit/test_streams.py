# SPDX-License-Identifier: Apache-2.0
"""Plans by rows: the order in which rows are computed, their lifetimes, and whole programs."""

from __future__ import annotations

import random

import pytest

import microlith
from microlith.errors import OptionError
from microlith.lower.layout import lay_out, peak_of
from microlith.lower.pipelines import Search, whole
from microlith.lower.rows import Reads, window_spans
from microlith.lower.schedule import Job, Segment, Store, Work, fire
from microlith.memory.blocks import peak


def chain(seed: int) -> Job:
    """Ops in a row, with windows, strides and residual inputs."""
    dice = random.Random(seed)
    height = dice.randint(6, 20)
    heights = [height]
    work = []
    for op in range(dice.randint(2, 7)):
        kernel, stride = dice.choice([(1, 1), (3, 1), (3, 2), (5, 1)])
        out = -(-heights[-1] // stride)
        window = {
            "in_height": heights[-1],
            "out_height": out,
            "kernel_height": kernel,
            "stride_height": stride,
            "dilation_height": 1,
            "pad_top": (kernel - 1) // 2,
        }
        reads = [Reads(0, op, (heights[-1], 8), tuple(window_spans(window, out)))]
        if op and heights[op - 1] == out:
            reads.append(Reads(1, op - 1, (out, 8), tuple((r, r) for r in range(out))))
        scratch = dice.choice([0, 12])
        work.append(Work(out, 0, tuple(reads), (op + 1,), scratch, (), lambda rows: 10.0 + rows))
        heights.append(out)
    last = len(work)
    stores = {
        i: Store(i, rows, 8, i - 1 if i else None, i in (0, last), False, i == last)
        for i, rows in enumerate(heights)
    }
    return Job(tuple(work), stores)


@pytest.mark.parametrize("seed", range(12))
def test_each_row_is_computed_once_and_after_what_it_reads(seed: int) -> None:
    job = chain(seed)
    count = len(job.work)
    for band in (1, 2, 3):
        steps = fire(job, Segment(0, count - 1, (band,) * count))
        done = [0] * count
        for step in steps:
            assert step.first == done[step.call] and 1 <= step.count <= band
            for at, reads in enumerate(job.work[step.call].reads):
                maker = job.stores[reads.storage].maker
                if maker is not None:
                    assert max(job.rows_read(step, at), default=-1) < done[maker]
            done[step.call] += step.count
        assert done == [work.rows for work in job.work]


@pytest.mark.parametrize("seed", range(12))
def test_the_peak_of_a_segment_is_that_of_its_blocks(seed: int) -> None:
    job = chain(seed)
    count = len(job.work)
    for last in range(count):
        steps = fire(job, Segment(0, last, (1,) * (last + 1)))
        blocks = lay_out(job, steps, alignment=1, names={}, later=last + 1).blocks
        assert peak(blocks).size == peak_of(job, steps, later=last + 1)


@pytest.mark.parametrize("seed", range(12))
def test_pipelines_never_need_more_than_op_after_op(seed: int) -> None:
    job = chain(seed)
    search = Search(job)
    base = sum(job.cost(whole(job, op)) for op in range(len(job.work)))
    for segments in search.best(10 * base):
        assert [s.first for s in segments[1:]] == [s.last + 1 for s in segments[:-1]]
        assert max(search.peak(s) for s in segments) <= max(search.alone)
        assert sum(job.cost(s) for s in segments) <= 10 * base


def test_windows_that_reach_over_the_border_read_less() -> None:
    window = {
        "in_height": 5,
        "out_height": 3,
        "kernel_height": 3,
        "stride_height": 2,
        "dilation_height": 1,
        "pad_top": 1,
    }
    assert window_spans(window, 6) == [(0, 1), (1, 3), (3, 4), (5, 6), (6, 8), (8, 9)]


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(OptionError, match="there is no plan 'rows'"):
        microlith.compile(b"", plan="rows")
