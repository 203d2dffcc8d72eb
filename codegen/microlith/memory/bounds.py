# SPDX-License-Identifier: Apache-2.0
"""Lower bounds: bytes that no assignment of offsets can do without."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from microlith.memory.lifetimes import Request, align


@dataclass(frozen=True)
class Bound:
    """`size` bytes are needed in step `step`, where `live` exist together. Without any request that
    has bytes, `step` is None."""

    size: int = 0
    step: int | None = None
    live: tuple[Request, ...] = ()

    def describe(self, step_labels: Sequence[str] = ()) -> str:
        """`step 3, op 4 (ADD): tensors a, b, 12 bytes of scratch`; `step_labels` name steps 0, 1, …
        and the step after them is the end of the invoke."""
        if self.step is None:
            return "nothing"
        tensors = [request.name for request in self.live if not request.is_scratch]
        scratch = sum(request.size for request in self.live if request.is_scratch)
        parts = [f"tensor{'s' * (len(tensors) != 1)} {', '.join(tensors)}"] if tensors else []
        parts += [f"{scratch:,} bytes of scratch"] if scratch else []
        return f"{_name(self.step, step_labels)}: {', '.join(parts)}"


def liveness_bound(requests: Sequence[Request]) -> Bound:
    """The largest need of any step, for all that is live then; the earliest of equal ones.

    Only steps in which something begins are looked at: what is live elsewhere was live there too.
    """
    solid = [request for request in requests if request.size > 0]
    best = Bound()
    for step in sorted({request.first for request in solid}):
        live = [request for request in solid if request.first <= step <= request.last]
        size = packed_size(live)
        if size > best.size:
            best = Bound(size, step, tuple(live))
    return best


def packed_size(live: Iterable[Request]) -> int:
    """A lower bound of the end of the last byte when all of `live` exist at once.

    Buffers that start at multiples of g each keep others of their kind out of their size rounded up
    to g, except that the last one needs no padding behind it. This holds for any subset whose
    alignments g divides, and buffers of smaller alignment may fill the padding, so the bound is the
    largest over g: the alignments that occur and, for all buffers together, their common divisor.
    It is exact when all alignments are equal.
    """
    buffers = list(live)
    steps = {request.alignment for request in buffers}
    return max((_strided(buffers, g) for g in steps | {math.gcd(*steps)} if g), default=0)


def _strided(buffers: Iterable[Request], g: int) -> int:
    sizes = [request.size for request in buffers if request.alignment % g == 0]
    padding = [align(size, g) - size for size in sizes]
    return sum(sizes) + sum(padding) - max(padding, default=0)


def _name(step: int, labels: Sequence[str]) -> str:
    if step < 0:
        return "before the first step"
    if not labels:
        return f"step {step}"
    return f"step {step}, {labels[step]}" if step < len(labels) else "after the last step"
