# SPDX-License-Identifier: Apache-2.0
"""Lifetimes of storage, conflicts, and buffers that are handed over in place."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microlith.ir.graph import DType, Op, Subgraph, Tensor
from microlith.memory.lifetimes import (
    Lifetime,
    Request,
    Takeover,
    find_conflicts,
    in_place_merges,
    merge_lifetimes,
    storage_lifetimes,
)

Edges = Sequence[tuple[Sequence[int], Sequence[int]]]


def tensor(name: str, *, variable: bool = False, view_of: int | None = None) -> Tensor:
    return Tensor(name, DType.INT8, (4,), is_variable=variable, view_of=view_of)


def constant(name: str) -> Tensor:
    return Tensor(name, DType.INT8, (4,), data=np.zeros(4, np.int8))


def subgraph(
    tensors: Sequence[Tensor], edges: Edges, inputs: Sequence[int], outputs: Sequence[int]
) -> Subgraph:
    ops = tuple(Op("OP", i, tuple(a), tuple(b)) for i, (a, b) in enumerate(edges))
    return Subgraph("main", tuple(tensors), ops, tuple(inputs), tuple(outputs))


def lifetimes(graph: Subgraph, *, keep_inputs: bool = False) -> dict[int, Lifetime]:
    return storage_lifetimes(graph, range(len(graph.ops)), keep_inputs=keep_inputs)


def test_chain_lives_from_writer_to_last_reader() -> None:
    graph = subgraph([tensor(n) for n in "abcd"], [([0], [1]), ([1], [2]), ([1, 2], [3])], [0], [3])
    assert lifetimes(graph) == {0: (-1, 0), 1: (0, 2), 2: (1, 2), 3: (2, 3)}


def test_keep_inputs_holds_them_to_the_end() -> None:
    graph = subgraph([tensor("a"), tensor("b")], [([0], [1])], [0], [1])
    assert lifetimes(graph, keep_inputs=True)[0] == (-1, 1)


def test_constants_and_absent_inputs_need_no_arena() -> None:
    graph = subgraph([tensor("a"), constant("w"), tensor("b")], [([0, 1, -1], [2])], [0], [2])
    assert lifetimes(graph) == {0: (-1, 0), 2: (0, 1)}


def test_constant_output_stays_out_of_the_arena() -> None:
    graph = subgraph([tensor("a"), constant("w"), tensor("v", view_of=1)], [], [0], [1, 2])
    assert lifetimes(graph) == {0: (-1, -1)}


def test_unread_output_lives_in_its_step_and_unused_input_before_the_first() -> None:
    tensors = [tensor(n) for n in "abcd"]
    graph = subgraph(tensors, [([0], [2, 3]), ([2], [2])], [0, 1], [2])
    assert lifetimes(graph)[3] == (0, 0)
    assert lifetimes(graph)[1] == (-1, -1)


def test_variables_live_always() -> None:
    graph = subgraph(
        [tensor("a"), tensor("state", variable=True), tensor("b")], [([0, 1], [2])], [0], [2]
    )
    assert lifetimes(graph)[1] == (-1, 1)


def test_views_extend_the_life_of_their_root() -> None:
    tensors = [tensor("a"), tensor("b"), tensor("v", view_of=1), tensor("w", view_of=2)]
    graph = subgraph([*tensors, tensor("c")], [([0], [1]), ([0], [4])], [0], [3])
    assert lifetimes(graph) == {0: (-1, 1), 1: (0, 2), 4: (1, 1)}


def test_input_that_is_also_output_lives_always() -> None:
    graph = subgraph([tensor("a"), tensor("v", view_of=0), tensor("b")], [([0], [2])], [0], [1])
    assert lifetimes(graph)[0] == (-1, 1)


def test_order_decides_step_numbers() -> None:
    graph = subgraph([tensor(n) for n in "abc"], [([0], [1]), ([0], [2])], [0], [1, 2])
    assert storage_lifetimes(graph, [1, 0], keep_inputs=False) == {0: (-1, 1), 1: (1, 2), 2: (0, 2)}


def test_conflicts_are_shared_steps() -> None:
    requests = [
        Request("a", 1, 1, 0, 2),
        Request("b", 1, 1, 2, 3),
        Request("c", 1, 1, 3, 3),
        Request("nothing", 0, 1, 0, 3),
    ]
    assert find_conflicts(requests) == ((1,), (0, 2), (1,), ())


@pytest.mark.parametrize(
    "request_", [("a", -1, 1, 0, 0), ("a", 1, 0, 0, 0), ("a", 1, 1, 1, 0)], ids=str
)
def test_impossible_requests_are_internal_faults(request_: tuple[str, int, int, int, int]) -> None:
    with pytest.raises(AssertionError, match="a:"):
        Request(*request_)


def test_chain_in_place_is_one_buffer() -> None:
    lives = {0: (-1, 0), 1: (0, 1), 2: (1, 2)}
    roots = in_place_merges([Takeover(0, 1, 0), Takeover(1, 2, 1)], lives, dict.fromkeys(lives, 8))
    assert roots == {0: 0, 1: 0, 2: 0}
    assert merge_lifetimes(lives, roots) == {0: (-1, 2)}


@pytest.mark.parametrize(
    ("source", "target", "size", "why"),
    [
        ((-1, 3), (2, 3), 8, "kept input, output or variable"),
        ((0, 2), (1, 2), 8, "read again later"),
        ((0, 1), (1, 2), 9, "target larger"),
        ((1, 1), (1, 2), 8, "written in the same step"),
    ],
)
def test_not_in_place(source: Lifetime, target: Lifetime, size: int, why: str) -> None:
    offers = [Takeover(0, 1, target[0]), Takeover(5, 1, target[0])]
    assert in_place_merges(offers, {0: source, 1: target}, {0: 8, 1: size}) == {0: 0, 1: 1}, why


def test_source_is_handed_over_once() -> None:
    lives = {0: (-1, 0), 1: (0, 0), 2: (0, 1)}
    offers = [Takeover(0, 1, 0), Takeover(0, 2, 0)]
    assert in_place_merges(offers, lives, dict.fromkeys(lives, 8)) == {0: 0, 1: 0, 2: 2}


def test_closest_size_wins() -> None:
    lives = {0: (-1, 0), 1: (-1, 0), 2: (0, 1)}
    offers = [Takeover(0, 2, 0), Takeover(1, 2, 0)]
    assert in_place_merges(offers, lives, {0: 16, 1: 8, 2: 8}) == {0: 0, 1: 1, 2: 1}


def test_large_source_is_not_kept_for_a_small_target_where_that_raises_the_peak() -> None:
    lives = {0: (-1, 0), 1: (0, 2), 2: (1, 1)}
    offers = [Takeover(0, 1, 0)]
    sizes = {0: 40, 1: 10, 2: 30}
    assert in_place_merges(offers, lives, sizes) == {0: 0, 1: 1, 2: 2}
    assert in_place_merges(offers, lives, sizes | {2: 10}) == {0: 0, 1: 0, 2: 2}
    assert in_place_merges(offers, lives, sizes | {2: 10}, {1: 20}) == {0: 0, 1: 1, 2: 2}


@st.composite
def programs(draw: st.DrawFn) -> tuple[dict[int, Lifetime], dict[int, int], list[Takeover]]:
    """Chains with skips: op k reads two earlier storages and writes storage k + 1."""
    count = draw(st.integers(1, 8))
    reads = [(draw(st.integers(0, k)), draw(st.integers(0, k))) for k in range(count)]
    lives = {s: (s - 1, s - 1) for s in range(count + 1)}
    for step, sources in enumerate(reads):
        for source in sources:
            lives[source] = (lives[source][0], step)
    sizes = {s: draw(st.integers(0, 4)) for s in lives}
    return lives, sizes, [Takeover(s, k + 1, k) for k, pair in enumerate(reads) for s in pair]


def peak(lives: dict[int, Lifetime], sizes: dict[int, int]) -> int:
    steps = range(-1, len(lives))
    return max(sum(sizes[s] for s, (a, b) in lives.items() if a <= t <= b) for t in steps)


@settings(deadline=None)
@given(programs())
def test_merged_lifetimes_have_no_holes_and_the_peak_never_grows(
    program: tuple[dict[int, Lifetime], dict[int, int], list[Takeover]],
) -> None:
    lives, sizes, offers = program
    roots = in_place_merges(offers, lives, sizes)
    merged = merge_lifetimes(lives, roots)
    assert set(roots) == set(lives)
    assert peak(merged, sizes) <= peak(lives, sizes)
    for root, (first, last) in merged.items():
        members = sorted(lives[s] for s, r in roots.items() if r == root)
        assert all(sizes[s] <= sizes[root] for s, r in roots.items() if r == root)
        assert all(a[1] == b[0] for a, b in itertools.pairwise(members))
        assert (first, last) == (members[0][0], members[-1][1])
