# SPDX-License-Identifier: Apache-2.0
"""Which instructions ran, and how often: the counter's histogram, by function and by class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from microlith.errors import ToolError
from microlith.simulate.listing import Listing


@dataclass(frozen=True)
class Block:
    """A run of instructions without a way out but its end.

    `jumps` of its `executions` left it to elsewhere than the instruction that follows in memory.
    """

    executions: int
    jumps: int
    addresses: tuple[int, ...]

    @property
    def instructions(self) -> int:
        """Instructions of all its executions."""
        return self.executions * len(self.addresses)


Span = tuple[Block, ...]
"""What ran between a mark and the next: an invoke, or a step of one."""


@dataclass(frozen=True)
class Histogram:
    """The spans of a run, in order, and the code that they are of."""

    spans: tuple[Span, ...]
    listing: Listing


def read_spans(text: str) -> tuple[Span, ...]:
    """Spans from the counter's file: see plugin.c. ToolError when it is cut off."""
    spans: list[list[Block]] = []
    for line in text.splitlines():
        if line == "span":
            spans.append([])
            continue
        try:
            executions, jumps, *addresses = line.split()
            block = Block(int(executions), int(jumps), tuple(int(a, 16) for a in addresses))
            spans[-1].append(block)
        except (ValueError, IndexError) as error:
            raise ToolError(f"the counter's histogram has a bad line: {line[:80]!r}") from error
    return tuple(tuple(span) for span in spans)


def merge(spans: Iterable[Span]) -> Span:
    """All spans as one. Code that was translated twice counts as one block."""
    executions: Counter[tuple[int, ...]] = Counter()
    jumps: Counter[tuple[int, ...]] = Counter()
    for span in spans:
        for block in span:
            executions[block.addresses] += block.executions
            jumps[block.addresses] += block.jumps
    return tuple(Block(n, jumps[addresses], addresses) for addresses, n in executions.items())


def total(span: Span) -> int:
    """Instructions of a span."""
    return sum(block.instructions for block in span)


def by_function(span: Span, listing: Listing) -> list[tuple[str, int]]:
    """(function, instructions), the most expensive first; those of callees are not included."""
    return _grouped(span, listing.function)


def by_class(
    span: Span, listing: Listing, classify: Callable[[str, str], str]
) -> list[tuple[str, int]]:
    """(class, instructions), the most frequent first; `classify` is given mnemonic, operands."""

    def of(address: int) -> str:
        instruction = listing.instructions.get(address)
        return classify(instruction.mnemonic, instruction.operands) if instruction else "unknown"

    return _grouped(span, of)


def _grouped(span: Span, key: Callable[[int], str]) -> list[tuple[str, int]]:
    counts: Counter[int] = Counter()
    for block in span:
        for address in block.addresses:
            counts[address] += block.executions
    groups: Counter[str] = Counter()
    for address, count in counts.items():
        groups[key(address)] += count
    return sorted(groups.items(), key=lambda item: (-item[1], item[0]))


def per_call(spans: Sequence[Span], calls: Sequence[int], count: int) -> tuple[Span, ...]:
    """The spans of each of `count` calls; `calls` tells the call of each span."""
    parts: list[list[Span]] = [[] for _ in range(count)]
    for span, call in zip(spans, calls, strict=True):
        parts[call].append(span)
    return tuple(merge(part) for part in parts)
