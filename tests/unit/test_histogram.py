# SPDX-License-Identifier: Apache-2.0
"""The counter's histogram and the disassembly that it is read with, on hand-written ones."""

from __future__ import annotations

import pytest

from microlith.errors import ToolError
from microlith.simulate import histogram
from microlith.simulate.histogram import Block
from microlith.simulate.listing import Instruction, parse

OBJDUMP = """
firmware.elf:     file format elf32-littlearm

Disassembly of section .model_code:

00000100 <mr_sum>:
 100:\t2300      \tmovs\tr3, #0
 102:\tf850 2b04 \tldr.w\tr2, [r0], #4
 106:\t4413      \tadd\tr3, r2
 108:\t3901      \tsubs\tr1, #1
 10a:\td1fa      \tbne.n\t102 <mr_sum+0x2>
 10c:\t4770      \tbx\tlr
 10e:\tbf00      \tnop

00000110 <mr_caller>:
 110:\tf7ff fff6 \tbl\t100 <mr_sum>
 114:\tee30 6e81 \tvadd.i8\tq3, q0, q1
 118:\t4b01      \tldr\tr3, [pc, #4]\t; (120 <mr_caller+0x10>)
"""

LISTING = parse(OBJDUMP.splitlines())

LOOP = (0x102, 0x106, 0x108, 0x10A)
ENTRY = (0x100, *LOOP)
"""The loop's first round and the others are two blocks, as the emulator translates them."""

SPANS = """span
1 1 110
1 1 100 102 106 108 10a
9 8 102 106 108 10a
1 1 10c
span
2 0 114 118
"""


def test_instructions_are_read_with_width_and_without_comments() -> None:
    assert LISTING.instructions[0x102] == Instruction(0x102, 4, "ldr", "r2, [r0], #4")
    assert LISTING.instructions[0x10A] == Instruction(0x10A, 2, "bne", "102 <mr_sum+0x2>")
    assert LISTING.instructions[0x114] == Instruction(0x114, 4, "vadd.i8", "q3, q0, q1")
    assert LISTING.instructions[0x118] == Instruction(0x118, 2, "ldr", "r3, [pc, #4]")
    assert LISTING.instructions[0x102].end == 0x106


@pytest.mark.parametrize(
    ("address", "name"), [(0xFF, "?"), (0x100, "mr_sum"), (0x10F, "mr_sum"), (0x200, "mr_caller")]
)
def test_function_of_an_address(address: int, name: str) -> None:
    assert LISTING.function(address) == name


def test_spans_are_read() -> None:
    first, second = histogram.read_spans(SPANS)
    assert first[2] == Block(9, 8, LOOP)
    assert histogram.total(first) == 1 + 5 + 9 * 4 + 1
    assert second == (Block(2, 0, (0x114, 0x118)),)


@pytest.mark.parametrize("text", ["1 0 100\n", "span\n1\n", "span\n1 x 100\n"])
def test_a_file_that_is_cut_off_is_refused(text: str) -> None:
    with pytest.raises(ToolError, match="bad line"):
        histogram.read_spans(text)


def test_instructions_by_function_do_not_include_callees() -> None:
    first, _ = histogram.read_spans(SPANS)
    assert histogram.by_function(first, LISTING) == [("mr_sum", 42), ("mr_caller", 1)]


def test_instructions_by_class() -> None:
    first, _ = histogram.read_spans(SPANS)
    counted = histogram.by_class(first, LISTING, lambda mnemonic, _: mnemonic)
    assert counted[:4] == [("add", 10), ("bne", 10), ("ldr", 10), ("subs", 10)]
    assert counted[4:] == [("bl", 1), ("bx", 1), ("movs", 1)]


def test_code_without_disassembly_is_of_no_class() -> None:
    span = (Block(3, 0, (0x400,)),)
    assert histogram.by_class(span, LISTING, lambda mnemonic, _: mnemonic) == [("unknown", 3)]


def test_spans_of_a_call_are_merged() -> None:
    step = (Block(2, 1, LOOP),)
    again = (Block(3, 2, LOOP), Block(1, 0, (0x10C,)))
    other = (Block(1, 1, ENTRY),)
    merged = histogram.per_call([step, other, again], [0, 1, 0], 2)
    assert merged == ((Block(5, 3, LOOP), Block(1, 0, (0x10C,))), other)
