# SPDX-License-Identifier: Apache-2.0
"""Bounds and plans: valid, never below the bound, as good as brute force, the same every time."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microlith.ir.program import Buffer
from microlith.memory.bestfit import orders, place, score
from microlith.memory.bounds import liveness_bound, packed_size
from microlith.memory.check import verify_plan
from microlith.memory.exact import lower_top
from microlith.memory.lifetimes import Request, find_conflicts
from microlith.memory.plan import Placement, plan

ROLES = ("input", "output", "activation", "scratch", "variable")


@st.composite
def requests(draw: st.DrawFn, most: int, alignments: Sequence[int] = (1, 4, 16)) -> list[Request]:
    made = []
    for i in range(draw(st.integers(0, most))):
        first = draw(st.integers(-1, 8))
        last = first + draw(st.integers(0, 4))
        size, alignment = draw(st.integers(0, 40)), draw(st.sampled_from(alignments))
        made.append(Request(f"b{i}", size, alignment, first, last, draw(st.sampled_from(ROLES))))
    return made


def random_requests(count: int, seed: int) -> list[Request]:
    """Much harder than graphs are: each buffer conflicts with a fifth of all others."""
    rng = random.Random(seed)
    made = []
    for i in range(count):
        first = rng.randrange(count)
        last = min(count - 1, first + int(rng.expovariate(8 / count)))
        role = rng.choice(("activation", "activation", "activation", "scratch"))
        made.append(Request(f"b{i}", rng.randrange(1, 4000), 16, first, last, role))
    return made


def buffers(made: Sequence[Request], placement: Placement) -> list[Buffer]:
    return [
        Buffer(r.name, r.role, r.size, r.alignment, r.first, r.last, offset)
        for r, offset in zip(made, placement.offsets, strict=True)
    ]


def brute_force(made: Sequence[Request]) -> tuple[int, int]:
    """The best score over all orders, each buffer right above those it conflicts with: some order,
    that of an optimal plan's offsets, gives an optimal plan."""
    conflicts = find_conflicts(made)
    best = (sys.maxsize, sys.maxsize)
    for order in itertools.permutations(range(len(made))):
        offsets: dict[int, int] = {}
        for i in order:
            below = [offsets[j] + made[j].size for j in conflicts[i] if j in offsets]
            offsets[i] = made[i].aligned(max(below, default=0))
        best = min(best, score(made, [offsets[i] for i in range(len(made))]))
    return best


@settings(deadline=None)
@given(requests(most=25))
def test_plans_are_valid_and_within_their_certificate(made: list[Request]) -> None:
    placement = plan(made, effort=0.01)
    memory = placement.memory
    verify_plan(buffers(made, placement), memory.arena)
    assert score(made, placement.offsets) == (memory.arena, memory.activations)
    assert memory.bound <= memory.arena
    assert memory.activation_bound <= memory.activations <= memory.arena
    conflicts = find_conflicts(made)
    assert all(
        (memory.arena, memory.activations)
        <= score(made, place(made, conflicts, o.positions, tight=o.tight))
        for o in orders(made)
    )


@settings(deadline=None, max_examples=60)
@given(requests(most=6))
def test_small_plans_equal_brute_force(made: list[Request]) -> None:
    memory = plan(made).memory
    assert memory.proven_optimal
    assert (memory.arena, memory.activations) == brute_force(made)


@settings(deadline=None, max_examples=200)
@given(requests(most=5), st.sampled_from([1, 2, 3]))
def test_bound_holds_for_every_plan(made: list[Request], scale: int) -> None:
    """Also for alignments that are no powers of two."""
    odd = [Request(r.name, r.size, r.alignment * scale, r.first, r.last, r.role) for r in made]
    assert liveness_bound(odd).size <= brute_force(odd)[0]


@given(requests(most=5, alignments=(16,)))
def test_bound_of_one_step_is_exact_for_equal_alignments(made: list[Request]) -> None:
    together = [Request(r.name, r.size, r.alignment, 0, 0, r.role) for r in made]
    assert packed_size(together) == brute_force(together)[0]


def test_last_buffer_needs_no_padding() -> None:
    pair = [Request("a", 10, 4, 0, 0), Request("b", 9, 4, 0, 0)]
    assert liveness_bound(pair).size == plan(pair).memory.arena == 21


def test_small_alignments_fill_the_padding_of_large_ones() -> None:
    made = [Request(name, size, 16, 0, 0) for name, size in (("a", 4), ("b", 4))]
    made += [Request("c", 12, 1, 0, 0)]
    assert liveness_bound(made).size == plan(made).memory.arena == 20


def test_certificate_names_step_tensors_and_scratch() -> None:
    made = [
        Request("a", 8, 4, -1, 0, "input"),
        Request("b", 12, 4, 0, 1),
        Request("c", 12, 4, 1, 2, "output"),
        Request("im2col", 6, 4, 1, 1, "scratch"),
    ]
    memory = plan(made, ["op 0 (CONV_2D)", "op 7 (ADD)"]).memory
    assert memory.pinned_by == "step 1, op 7 (ADD): tensors b, c, 6 bytes of scratch"
    assert (memory.bound, memory.arena, memory.activation_bound, memory.activations) == (
        30, 30, 24, 24,
    )  # fmt: skip
    assert memory.proven_optimal


@pytest.mark.parametrize(
    ("made", "text"),
    [
        ([], "nothing"),
        ([Request("a", 0, 4, 0, 0)], "nothing"),
        ([Request("a", 4, 4, -1, 0)], "before the first step: tensor a"),
        ([Request("a", 4, 4, 1, 2)], "after the last step: tensor a"),
        ([Request("s", 4, 4, 0, 0, "scratch")], "step 0, ADD: 4 bytes of scratch"),
    ],
)
def test_certificate_of_corner_cases(made: list[Request], text: str) -> None:
    placement = plan(made, ["ADD"])
    assert placement.memory.pinned_by == text
    assert len(placement.offsets) == len(made)


def test_search_finds_what_greedy_placement_misses() -> None:
    made = random_requests(60, seed=0)
    conflicts = find_conflicts(made)
    start = place(made, conflicts, range(60), tight=False)
    bound = liveness_bound(made).size
    arena, _ = score(made, start)
    assert arena > bound
    solution = lower_top(made, conflicts, range(60), start, floor=bound, effort=1)
    assert solution.optimal
    assert score(made, solution.offsets)[0] == bound


def test_search_without_effort_returns_its_start() -> None:
    made = random_requests(60, seed=0)
    conflicts = find_conflicts(made)
    start = place(made, conflicts, range(60), tight=False)
    bound = liveness_bound(made).size
    solution = lower_top(made, conflicts, range(60), start, floor=bound, effort=0)
    assert not solution.optimal
    assert solution.offsets == start


HARD = """
import random
from tests.unit.test_memory_plan import random_requests
from microlith.memory.plan import plan
print([plan(random_requests(60, seed), effort=0.02) for seed in range(3)])
"""


def test_plans_are_the_same_in_every_process() -> None:
    first, second = (
        subprocess.run([sys.executable, "-c", HARD], check=True, capture_output=True).stdout
        for _ in range(2)
    )
    assert b"CP-SAT" in first
    assert first == second


def test_two_hundred_hard_buffers_in_time() -> None:
    made = random_requests(200, seed=1)
    begin = time.process_time()
    placement = plan(made)
    assert time.process_time() - begin < 10
    assert placement.memory.method == "CP-SAT"
    verify_plan(buffers(made, placement), placement.memory.arena)
    assert placement.memory.arena <= 1.02 * placement.memory.bound


ORDINARY = """
import sys, time
from microlith.memory.lifetimes import Request
from microlith.memory.plan import plan
sizes = [490, *[8000] * 9, 64, 12, 12]
made = [Request(f"t{i}", n, 16, i - 1, i) for i, n in enumerate(sizes)]
made += [Request(f"s{i}", 40, 16, i, i, "scratch") for i in range(9)]
begin = time.perf_counter()
memory = plan(made).memory
taken = time.perf_counter() - begin
assert memory.activations == memory.activation_bound == 16000, memory
assert memory.arena == memory.bound == 16040, memory
assert not any(name.startswith("ortools") for name in sys.modules)
print(taken)
"""


def test_ordinary_chain_is_planned_at_once_without_the_solver() -> None:
    run = subprocess.run(
        [sys.executable, "-c", ORDINARY], check=True, capture_output=True, text=True
    )
    assert float(run.stdout) < 0.05


@pytest.mark.parametrize("count", [60, 100, 400])
def test_independent_ops_in_time(count: int) -> None:
    """Ops that each have an input and an output of their own: nearly all is alive all the time."""
    rng = random.Random(count)
    made = []
    for step in range(count):
        made.append(Request(f"in{step}", rng.randrange(1, 1000), 1, -1, step))
        made.append(Request(f"out{step}", rng.randrange(1, 1000), 1, step, count))
        made.append(Request(f"scratch{step}", 16, 8, step, step, "scratch"))
    begin = time.process_time()
    placement = plan(made)
    assert time.process_time() - begin < 10
    verify_plan(buffers(made, placement), placement.memory.arena)
    assert placement.memory.arena <= 1.1 * placement.memory.bound
