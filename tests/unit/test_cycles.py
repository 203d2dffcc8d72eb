# SPDX-License-Identifier: Apache-2.0
"""Classes of instructions, the pipeline model and the cost tables, on hand-written code."""

from __future__ import annotations

import pytest

from microlith import targets
from microlith.cycles import table
from microlith.cycles.estimate import Step, block_cycles, estimate
from microlith.cycles.instruction import decode, kind, registers
from microlith.cycles.table import Cost, CycleTable, for_target
from microlith.report.bench import cycles_text
from microlith.simulate.histogram import Block
from microlith.simulate.listing import parse

CLASSES = {
    "add": ("r0, r1, r2", "alu"),
    "bic": ("r0, r1", "alu"),
    "bls": ("10a <f>", "branch"),
    "ble": ("10a <f>", "branch"),
    "bl": ("10a <f>", "call"),
    "bleq": ("10a <f>", "call"),
    "blx": ("r3", "call"),
    "bx": ("lr", "return"),
    "cbnz": ("r0, 10a <f>", "branch"),
    "le": ("lr, 10a <f>", "loop"),
    "itt": ("ne", "it"),
    "mlsne": ("r0, r1, r2, r3", "multiply_accumulate"),
    "mls": ("r0, r1, r2, r3", "multiply_accumulate"),
    "muls": ("r0, r1", "multiply"),
    "smulls": ("r0, r1, r2, r3", "multiply_long"),
    "smlal": ("r0, r1, r2, r3", "multiply_accumulate_long"),
    "smlad": ("r0, r1, r2, r0", "multiply_accumulate"),
    "smlabb": ("r0, r1, r2, r0", "multiply_accumulate"),
    "sdiv": ("r0, r1, r2", "divide"),
    "ldrsb": ("r0, [r1], #1", "load"),
    "ldrbne": ("r0, [r1]", "load"),
    "ldrd": ("r0, r1, [r2]", "load_double"),
    "strh": ("r0, [r1]", "store"),
    "stmdb": ("sp!, {r4, lr}", "store_multiple"),
    "pop": ("{r4, pc}", "load_multiple"),
    "vldr": ("s0, [r0]", "fpu_load"),
    "vldmia": ("r0!, {s0-s3}", "fpu_load_multiple"),
    "vfma.f32": ("s0, s1, s2", "fpu_multiply_accumulate"),
    "vadd.f32": ("s0, s1, s2", "fpu"),
    "vdiv.f32": ("s0, s1, s2", "fpu_divide"),
    "vldrb.s16": ("q0, [r0], #8", "vector_load"),
    "vldrw.u32": ("q0, [r0, q1, uxtw #2]", "vector_gather"),
    "vstrb.8": ("q0, [r0]", "vector_store"),
    "vadd.i32": ("q0, q1, q2", "vector_alu"),
    "vshl.s32": ("q0, q1, q2", "vector_alu"),
    "vqrdmulh.s32": ("q0, q1, r2", "vector_multiply"),
    "vmladava.s8": ("r0, q1, q2", "vector_multiply"),
    "vmlava.s8": ("r0, q1, q2", "vector_multiply"),
    "vmax.s8": ("q0, q1, q2", "vector_alu"),
    "vcmp.s8": ("ge, q1, q2", "vector_multiply"),
    "vpst": ("", "vector_predicate"),
    "vmov": ("q0, q1", "vector_alu"),
    "vmov.f32": ("s0, s1", "fpu_move"),
}


@pytest.mark.parametrize("mnemonic", CLASSES)
def test_class_of_an_instruction(mnemonic: str) -> None:
    operands, expected = CLASSES[mnemonic]
    assert kind(mnemonic, operands) == expected


def test_registers_are_those_of_32_bits() -> None:
    assert registers("r0, [sp, #4]") == {"r0", "r13"}
    assert registers("{r4-r6, lr}") == {"r4", "r5", "r6", "r14"}
    assert registers("d1, s0") == {"s2", "s3", "s0"}
    assert registers("q1") == {"s4", "s5", "s6", "s7"}


def test_what_an_instruction_reads_and_writes() -> None:
    smlal = decode("smlal", "r0, r1, r2, r3")
    assert smlal.writes == {"r0", "r1"} == smlal.accumulator
    assert smlal.reads == {"r0", "r1", "r2", "r3"}
    smlad = decode("smlad", "r0, r1, r2, r3")
    assert (smlad.writes, smlad.accumulator) == ({"r0"}, {"r3"})
    store = decode("strd", "r0, r1, [r2, #8]")
    assert (store.writes, store.reads, store.transfers) == (set(), {"r0", "r1", "r2"}, 2)
    pop = decode("pop", "{r4, r5, pc}")
    assert (pop.writes, pop.transfers) == ({"r4", "r5", "r15"}, 3)
    assert decode("cmp", "r0, r1").writes == set()
    assert decode("adds", "r0, r1").reads == {"r0", "r1"}
    assert decode("mov", "r0, r1").reads == {"r1"}
    assert decode("ldr", "r0, [pc, #12]").from_code


def test_gathers_and_scatters_move_every_element_by_itself() -> None:
    assert decode("vldrb.u16", "q0, [r0, q1]").transfers == 8
    assert decode("vstrw.32", "q0, [r0, q1, uxtw #2]").transfers == 4
    assert decode("vldrw.u32", "q0, [r0]").transfers == 4


def test_only_accumulating_dot_products_read_their_sum() -> None:
    assert decode("vmladava.s8", "r2, q0, q1").accumulator == {"r2"}
    assert decode("vmladav.s8", "r2, q0, q1").accumulator == set()
    assert decode("vqrdmlah.s32", "q0, q1, r2").accumulator == {"s0", "s1", "s2", "s3"}


def cycles(target: str, *code: str) -> float:
    """Of one execution of `code`, instructions of 32 bits."""
    costs = for_target(target)
    assert costs is not None
    return block_cycles([step(line) for line in code], costs)


def step(line: str, size: int = 4) -> Step:
    mnemonic, _, operands = line.partition(" ")
    return Step(decode(mnemonic, operands), size)


def test_loads_on_m4_overlap_with_the_access_before() -> None:
    """DDI 0439: a load takes 2 cycles, and 1 when it follows another."""
    assert cycles("cortex-m4", "ldr r0, [r1]") == 2
    assert cycles("cortex-m4", "ldr r0, [r1]", "ldr r2, [r3]", "ldr r4, [r5]") == 4
    assert cycles("cortex-m4", "ldr r0, [r1]", "add r2, r3", "ldr r4, [r5]") == 5


def test_register_lists_take_a_cycle_a_register_and_one_more() -> None:
    """DDI 0439: LDM and STM take 1 + N."""
    assert cycles("cortex-m4", "ldmia r0!, {r1-r4}") == 5
    assert cycles("cortex-m4", "push {r4, r5, lr}") == 4
    assert cycles("cortex-m0plus", "pop {r4, r5, r6}") == 4


def test_long_multiplies_are_slow_on_m3_only() -> None:
    assert cycles("cortex-m3", "smlal r0, r1, r2, r3") == 5.5
    assert cycles("cortex-m4", "smlal r0, r1, r2, r3") == 1


def test_m7_issues_two_instructions_that_do_not_depend_on_each_other() -> None:
    assert cycles("cortex-m7", "add r0, r1, r2", "add r3, r4, r5") == 1
    assert cycles("cortex-m7", "add r0, r1, r2", "add r3, r0, r5") == 2
    assert cycles("cortex-m7", "mul r0, r1, r2", "mul r3, r4, r5") == 2
    assert cycles("cortex-m7", "smlad r0, r1, r2, r0", "smlad r0, r3, r4, r0") == 2
    assert cycles("cortex-m7", "add r0, r1, r2", "udiv r3, r4, r5") == 8


def test_vector_instructions_on_m55_overlap_in_different_units() -> None:
    """Each takes two beats; those of different units run at the same time."""
    load, mac = "vldrb.s8 q0, [r0]", "vmladava.s8 r2, q4, q5"
    assert cycles("cortex-m55", load, mac, load, mac) == 4
    assert cycles("cortex-m55", load, load, mac, mac) == 6


def test_short_instructions_pair_when_one_is_simple() -> None:
    costs = CycleTable("", (), "", "short", 0, None, {}, {}, ())
    assert block_cycles([step("adds r0, r1", 2), step("ldr r2, [r3]", 2)], costs) == 1
    assert block_cycles([step("adds r0, r1", 2), step("ldr r2, [r3]", 4)], costs) == 2
    assert block_cycles([step("adds r0, r1", 2), step("ldr r2, [r0]", 2)], costs) == 2
    assert block_cycles([step("adds r0, r1", 2)] * 3, costs) == 3


def test_jumps_and_wait_states_count_for_each_execution() -> None:
    listing = parse(
        [
            "00000100 <f>:",
            " 100:\t4b01      \tldr\tr3, [pc, #4]\t; (108 <f+0x8>)",
            " 102:\td1fd      \tbne.n\t100 <f>",
        ]
    )
    costs = CycleTable("", (), "", "none", 2, None, {}, {"load": Cost(issue=2)}, ())
    span = (Block(10, 9, (0x100, 0x102)),)
    assert estimate(span, listing, costs).cycles == 10 * 3 + 9 * 2
    assert estimate(span, listing, costs, wait_states=5).cycles == 10 * (3 + 5) + 9 * (2 + 5)


def test_estimates_far_from_published_figures_become_a_range() -> None:
    def with_check(published: float) -> CycleTable:
        check = table.Check("work", "where", published, 100)
        return CycleTable("", (), "", "none", 0, None, {}, {}, (check,))

    listing = parse([" 100:\tbf00      \tnop"])
    span = (Block(1000, 0, (0x100,)),)
    assert cycles_text(estimate(span, listing, with_check(120))) == "1,000"
    assert cycles_text(estimate(span, listing, with_check(150))) == "1,000 to 1,500"
    assert cycles_text(None) == "-"


CORES = [target.name for target in targets.TARGETS if target.name.startswith("cortex-m")]


@pytest.mark.parametrize("core", CORES)
def test_every_core_has_a_table_with_sources(core: str) -> None:
    costs = for_target(core)
    assert costs is not None
    assert costs.sources
    for cost in costs.costs.values():
        assert cost.unit is None or cost.unit in costs.units


@pytest.mark.parametrize("core", CORES)
def test_errors_against_published_figures(core: str) -> None:
    """Prints each (`pytest -s`). The limit keeps a typing error from becoming a wide range."""
    costs = for_target(core)
    assert costs is not None
    for check in costs.checks:
        print(f"{costs.core}: {check.error:+.1%}  {check.what} ({check.source})")
        assert abs(check.error) < 0.4


def test_there_is_no_table_of_other_targets() -> None:
    assert for_target("host") is None
