# SPDX-License-Identifier: Apache-2.0
"""Kernels within an allowance of constants: valid, monotone, close to the best."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from microlith.lower.allot import allot
from microlith.lower.select import Candidate, Candidates

NOTHING = cast(Any, None)

Sizes = list[tuple[int, int]]


def _op(sizes: Sizes) -> Candidates:
    kernels = [
        Candidate(
            cast(Any, SimpleNamespace(name=f"k{i}", backend="b", cycles=1.0)),
            cast(Any, SimpleNamespace(constants=())),
            cost,
            size,
        )
        for i, (cost, size) in enumerate(sizes)
    ]
    legal = tuple(sorted(kernels, key=lambda c: c.cost))
    return Candidates(NOTHING, legal, {})


SIZES = st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 100)), min_size=1, max_size=4)


def _totals(ops: list[Sizes], allowance: int | None) -> tuple[float, int]:
    chosen = [choice.candidate for choice in allot([_op(sizes) for sizes in ops], allowance)]
    return sum(c.cost for c in chosen), sum(c.constant_bytes for c in chosen)


@given(st.lists(SIZES, min_size=1, max_size=4), st.integers(0, 400))
def test_choice_fits_and_is_never_slower_than_the_smallest(
    ops: list[Sizes], allowance: int
) -> None:
    cost, size = _totals(ops, allowance)
    smallest = [min(sizes, key=lambda s: (s[1], s[0])) for sizes in ops]
    assert size <= max(allowance, sum(s[1] for s in smallest))
    assert cost <= sum(s[0] for s in smallest)


@given(st.lists(SIZES, min_size=1, max_size=4))
def test_without_a_limit_the_cheapest_are_taken(ops: list[Sizes]) -> None:
    assert _totals(ops, None)[0] == sum(min(cost for cost, _ in sizes) for sizes in ops)
    assert _totals(ops, 1_000_000)[0] == _totals(ops, None)[0]


@given(st.lists(SIZES, min_size=1, max_size=3), st.integers(0, 300))
def test_greedy_choice_loses_at_most_one_step(ops: list[Sizes], allowance: int) -> None:
    """The usual bound of the greedy rule: the best choice saves no more than the greedy one does
    with room for one step more."""
    cost, _ = _totals(ops, allowance)
    fitting = [c for c in product(*ops) if sum(s for _, s in c) <= allowance]
    if fitting:
        best = min(sum(cost for cost, _ in c) for c in fitting)
        largest = max(max(s) - min(s) for s in ([c for c, _ in sizes] for sizes in ops))
        assert cost - best <= largest


def test_instructions_are_not_bought_with_cycles() -> None:
    """A kernel that takes more cycles than one of fewer constants is not worth its place."""
    quick, slow = (
        Candidate(
            cast(Any, SimpleNamespace(name=name, backend="b", cycles=cycles)),
            cast(Any, SimpleNamespace(constants=())),
            cost,
            size,
        )
        for name, cycles, cost, size in (("quick", 1.5, 100, 10), ("slow", 1.9, 98, 20))
    )
    (choice,) = allot([Candidates(NOTHING, (slow, quick), {})], None)
    assert choice.candidate is quick
