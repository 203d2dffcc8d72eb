# SPDX-License-Identifier: Apache-2.0
"""Which ops run as pipelines of rows, and in bands of how many rows.

For a peak P, the ops that need more than P bytes when they run alone, whole tensor after whole
tensor, must be inside of segments; `cover` finds the segments and bands that execute the fewest
estimated instructions with no step above P. The least P whose instructions stay within a limit is
found by bisection. Peaks are sums of live bytes; how close offsets come to them shows when they are
placed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from microlith.ir.program import Step
from microlith.lower.layout import Layout, lay_out, peak_of
from microlith.lower.schedule import Job, Life, Segment, Work, fire
from microlith.memory.offsets import Offsets, place_blocks

BANDS = (1, 2, 3, 4, 6, 8, 12)
"""Rows of a step that are tried."""

MORE = 3
"""By how many rows a step may be longer where that makes a row cheaper: kernels that compute two
rows, or three pixels, at once waste some of their work on fewer."""

WASTE = 0.04
"""Part of a row's instructions that does not matter there."""

ROUNDS = 12
"""Changes of bands, at most, that bring a peak down further."""

PRECISION = 64
"""Peaks are told apart to this part of their range."""


@dataclass(frozen=True, eq=False)
class Placed:
    """Steps, and where everything lies while they run."""

    steps: tuple[Step, ...]
    layout: Layout
    offsets: Offsets
    names: Mapping[int, str]

    @property
    def lives(self) -> Mapping[int, Life]:
        return self.layout.lives


class Search:
    """Loads of segments of one job, remembered."""

    def __init__(self, job: Job, *, longest: int | None = None) -> None:
        """`longest` is the most ops of a segment, None for any number."""
        self.job = job
        self.longest = longest or len(job.work)
        self._known: dict[Segment, int] = {}
        self.alone = [self.peak(whole(job, op)) for op in range(len(job.work))]
        self._fitted = [{band: _fitted(work, band) for band in BANDS} for work in job.work]
        self._between = [_between(job, op) for op in range(len(job.work) + 1)]

    def peak(self, segment: Segment) -> int:
        """The most bytes that live at once while a segment runs."""
        if segment not in self._known:
            steps = fire(self.job, segment)
            self._known[segment] = peak_of(self.job, steps, later=segment.last + 1)
        return self._known[segment]

    def cover(self, limit: int) -> tuple[tuple[Segment, ...], float] | None:
        """The segments of the fewest instructions whose peaks stay within `limit`."""
        count = len(self.job.work)
        best: list[tuple[float, tuple[Segment, ...]] | None] = [None] * (count + 1)
        best[count] = (0.0, ())
        for first in range(count - 1, -1, -1):
            for last in range(first, min(first + self.longest, count)):
                rest = best[last + 1]
                if best[first] is not None and self.alone[last] <= limit:
                    break  # longer segments would only cost
                if rest is None:
                    continue
                for segment in self._ways(first, last, limit):
                    cost = self.job.cost(segment) + rest[0]
                    known = best[first]
                    if known is None or cost < known[0]:
                        best[first] = (cost, (segment, *rest[1]))
        found = best[0]
        return None if found is None else (found[1], found[0])

    def _ways(self, first: int, last: int, limit: int) -> Iterator[Segment]:
        """The cheapest way to run ops [first, last] together that keeps to `limit`, if any. A
        segment in which every op could run alone would only cost."""
        members = range(first, last + 1)
        if all(self.alone[op] <= limit for op in members):
            if first == last:
                yield whole(self.job, first)
        elif (
            max(self._between[first], self._between[last + 1]) <= limit
            and self.peak(Segment(first, last, (1,) * len(members))) <= limit
        ):
            exact = [Segment(first, last, (band,) * len(members)) for band in BANDS]
            fitted = [
                Segment(first, last, tuple(self._fitted[op][band] for op in members))
                for band in BANDS
            ]
            for segment in sorted(dict.fromkeys((*exact, *fitted)), key=self.job.cost):
                if self.peak(segment) <= limit:
                    yield segment
                    return

    def best(self, most: float) -> list[tuple[Segment, ...]]:
        """Segments with ever lower peaks, whose instructions stay within `most`."""
        high = max(self.alone, default=0)
        found: list[tuple[Segment, ...]] = []
        low = 0
        while high - low > max(16, high // PRECISION):
            middle = (low + high) // 2
            cover = self.cover(middle)
            if cover is None or cover[1] > most:
                low = middle
                continue
            high = max(self.peak(segment) for segment in cover[0])
            found.append(cover[0])
        return [self._refined(segments, most) for segments in found[-1:]] + found[-2:]

    def _refined(self, segments: Sequence[Segment], most: float) -> tuple[Segment, ...]:
        """The same segments with bands, changed one by one, that bring the peak down; then with
        larger ones where these cost no bytes."""
        now = list(segments)
        for _ in range(ROUNDS):
            high = max(self.peak(segment) for segment in now)
            at = next(i for i, segment in enumerate(now) if self.peak(segment) == high)
            others = sum(self.job.cost(segment) for i, segment in enumerate(now) if i != at)
            better = [
                changed
                for changed in self._changes(now[at], smaller=True)
                if self.job.cost(changed) + others <= most and self.peak(changed) < high
            ]
            if not better:
                break
            now[at] = min(better, key=lambda changed: (self.peak(changed), self.job.cost(changed)))
        high = max(self.peak(segment) for segment in now)
        for at, segment in enumerate(now):
            now[at] = self._enlarged(segment, high)
        return tuple(now)

    def _enlarged(self, segment: Segment, limit: int) -> Segment:
        for _ in range(ROUNDS):
            better = [
                changed
                for changed in self._changes(segment, smaller=False)
                if self.job.cost(changed) < self.job.cost(segment) and self.peak(changed) <= limit
            ]
            if not better:
                break
            segment = min(better, key=self.job.cost)
        return segment

    def _changes(self, segment: Segment, *, smaller: bool) -> Iterator[Segment]:
        """The segment with other bands of one op."""
        for at, band in enumerate(segment.bands):
            rows = self.job.work[segment.first + at].rows
            for other in BANDS:
                if other <= rows and (other < band if smaller else other > band):
                    bands = (*segment.bands[:at], other, *segment.bands[at + 1 :])
                    yield Segment(segment.first, segment.last, bands)


def _fitted(work: Work, band: int) -> int:
    """The least number of rows from `band` on that waste little."""
    sizes = range(min(band, work.rows), min(band + MORE, work.rows) + 1)
    best = min(work.cost(rows) / rows for rows in sizes)
    return next(rows for rows in sizes if work.cost(rows) / rows <= best * (1 + WASTE))


def _between(job: Job, op: int) -> int:
    """Bytes of tensors that exist before op `op` and are needed from there on: whole ones, where a
    segment ends there."""
    read = {reads.storage for work in job.work[op:] for reads in work.reads}
    held = [
        store.rows * store.pitch
        for storage, store in job.stores.items()
        if (store.maker is None or store.maker < op) and (storage in read or store.stays)
    ]
    return sum(held)


def whole(job: Job, op: int) -> Segment:
    """The op alone, in one step."""
    return Segment(op, op, (job.work[op].rows,))


def realise(
    job: Job, segments: Sequence[Segment], *, alignment: int, names: Mapping[int, str]
) -> Placed:
    """Offsets for these segments."""
    steps = tuple(step for segment in segments for step in fire(job, segment))
    layout = lay_out(job, steps, alignment=alignment, names=names)
    return Placed(steps, layout, place_blocks(layout.blocks), names)
