# SPDX-License-Identifier: Apache-2.0
"""`bench` on emulated cores: the histogram against the counter, and the command's output."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import microlith
from microlith.benchmark import benchmark
from microlith.cli.main import app
from microlith.execute import simulate
from microlith.simulate import histogram
from tests.paths import ROOT
from tests.tools import need_target

MODEL = ROOT / "examples" / "digits" / "digits_int8.tflite"


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m4", "cortex-m55"])
def test_histogram_adds_up_to_the_counts(target: str) -> None:
    need_target(target)
    program = microlith.compile(MODEL, target=target)
    result = simulate(program, profile=True, histogram=True)
    assert result.histogram is not None and result.steps is not None
    spans, listing = result.histogram.spans, result.histogram.listing
    assert [histogram.total(span) for span in spans] == result.steps[0]
    for block in histogram.merge(spans):
        assert block.jumps <= block.executions
        assert all(address in listing.instructions for address in block.addresses)


def test_every_instruction_of_a_block_is_followed_by_the_next_or_a_jump() -> None:
    need_target("cortex-m4")
    result = simulate(microlith.compile(MODEL, target="cortex-m4"), histogram=True)
    assert result.histogram is not None
    code = result.histogram.listing.instructions
    for block in histogram.merge(result.histogram.spans):
        ends = [code[address].end for address in block.addresses[:-1]]
        assert ends == list(block.addresses[1:])
        last = code[block.addresses[-1]]
        if last.mnemonic in ("b", "bl", "bx", "blx"):
            assert block.jumps == block.executions


def test_benchmark_tells_functions_classes_and_cycles() -> None:
    need_target("cortex-m7")
    result = benchmark(microlith.compile(MODEL, target="cortex-m7"))
    assert sum(count for _, count in result.functions) == result.total
    assert sum(count for _, count in result.classes) == result.total
    assert result.cycles is not None
    assert 0.5 * result.total < result.cycles.cycles < 2 * result.total
    slower = benchmark(microlith.compile(MODEL, target="cortex-m7"), wait_states=5)
    assert slower.cycles is not None and slower.cycles.cycles > result.cycles.cycles
    assert slower.total == result.total


def test_choices_of_kernels_side_by_side() -> None:
    need_target("cortex-m4")
    arguments = ["bench", str(MODEL), "--compare", "auto,portable"]
    shown = CliRunner().invoke(app, [*arguments, "--json"])
    assert shown.exit_code == 0
    auto, portable = json.loads(shown.stdout)["compare"]
    assert (auto["kernels"], portable["kernels"]) == ("auto", "portable")
    assert auto["totals"]["instructions"] <= portable["totals"]["instructions"]
    assert isinstance(auto["totals"]["cycles_estimated"], list | int)
    table = CliRunner().invoke(app, arguments)
    assert table.exit_code == 0
    assert f"{portable['totals']['instructions']:,}" in table.stdout


def test_time_and_energy_at_the_clock_of_a_board() -> None:
    need_target("cortex-m4")
    arguments = ["bench", str(MODEL), "--board", "nucleo_f401re"]
    shown = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    result = json.loads(shown.stdout)
    totals = result["totals"]
    assert (result["board"], result["target"]) == ("nucleo_f401re", "cortex-m4")
    assert (totals["clock"], totals["wait_states"]) == (84_000_000, 2)
    for cycles, time, energy in zip(
        totals["cycles_estimated"],
        totals["milliseconds_estimated"],
        totals["microjoules_estimated"],
        strict=True,
    ):
        assert time == pytest.approx(cycles / 84_000, rel=1e-3)
        assert energy == pytest.approx(cycles * 146e-6 * 3.3, rel=1e-3)
    fast = CliRunner().invoke(app, [*arguments, "--wait-states", "0"])
    assert "0 wait states" in fast.stdout
    assert "ms at 84 MHz, estimated" in fast.stdout
    assert CliRunner().invoke(app, [*arguments, "-t", "cortex-m7"]).exception is not None


def test_a_port_needs_a_board() -> None:
    need_target("cortex-m4")
    result = CliRunner().invoke(app, ["bench", str(MODEL), "--port", "/dev/null"])
    assert "which board" in str(result.exception)


@pytest.mark.parametrize("target", ["cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m55"])
def test_stack_stays_below_its_bound(target: str) -> None:
    need_target(target)
    result = benchmark(microlith.compile(MODEL, target=target))
    measured = result.ram["stack"]
    assert measured is not None and result.stack_bound is not None
    assert measured <= result.stack_bound < measured + 128
