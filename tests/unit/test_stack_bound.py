# SPDX-License-Identifier: Apache-2.0
"""The static bound of the stack, on hand-written code."""

from __future__ import annotations

from microlith.simulate.listing import parse
from microlith.simulate.stack_bound import Frame, bound, frames

INVOKE = """
00000100 <invoke>:
 100:\tb510      \tpush\t{r4, lr}
 102:\tf000 f87d \tbl\t200 <step>
 106:\tbd10      \tpop\t{r4, pc}

00000200 <step>:
 200:\tb570      \tpush\t{r4, r5, r6, lr}
 202:\tb084      \tsub\tsp, #16
 204:\t47a8      \tblx\tr5
 206:\tb004      \tadd\tsp, #16
 208:\tbd70      \tpop\t{r4, r5, r6, pc}

00000300 <kernel>:
 300:\tb508      \tpush\t{r3, lr}
 302:\t4b01      \tldr\tr3, [pc, #4]\t; (308 <kernel+0x8>)
 304:\tf000 b87c \tb.w\t500 <common>
 308:\t00000401 00000001                    ........

00000400 <row>:
 400:\ted2d 8b04 \tvpush\t{d8-d9}
 404:\tf84d 4d04 \tstr.w\tr4, [sp, #-4]!
 408:\t4770      \tbx\tlr

00000500 <common>:
 500:\tb500      \tpush\t{lr}
 502:\t4798      \tblx\tr3
 504:\tbd00      \tpop\t{pc}
"""

KERNELS = {"kernel"}


def bound_of(text: str) -> int | None:
    return bound(parse(text.splitlines()), "invoke", KERNELS, "step")


def test_frames_and_calls() -> None:
    found = frames(parse(INVOKE.splitlines()))
    assert found[0x100] == Frame(8, frozenset({0x200}), False, frozenset(), frozenset())
    assert found[0x200] == Frame(32, frozenset(), True, frozenset(), frozenset())
    assert found[0x300] == Frame(8, frozenset({0x500}), False, frozenset({0x400}), frozenset())
    assert found[0x400] == Frame(20, frozenset(), False, frozenset(), frozenset())


def test_the_deepest_chain_counts() -> None:
    """invoke 8, step 32, kernel 8, common 4, and row 20 through the pointer in the data."""
    assert bound_of(INVOKE) == 8 + 32 + 8 + 4 + 20


def test_recursion_has_no_bound() -> None:
    assert bound_of(INVOKE.replace("b.w\t500 <common>", "bl\t100 <invoke>")) is None


def test_a_frame_of_variable_size_has_no_bound() -> None:
    assert bound_of(INVOKE.replace("sub\tsp, #16", "sub\tsp, r4")) is None


def test_a_pointer_to_nothing_known_has_no_bound() -> None:
    assert bound_of(INVOKE.replace("00000401", "00000403")) is None


def test_addresses_in_two_halves_are_found() -> None:
    halves = INVOKE.replace("00000401 00000001", "00000000 00000001").replace(
        " 302:\t4b01      \tldr\tr3, [pc, #4]\t; (308 <kernel+0x8>)",
        " 302:\tf240 4301 \tmovw\tr3, #1025\t; 0x401\n 303:\tf2c0 0300 \tmovt\tr3, #0",
    )
    assert bound_of(halves) == bound_of(INVOKE)
