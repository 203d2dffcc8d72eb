# SPDX-License-Identifier: Apache-2.0
"""Which boards a model fits, and what the doctor finds."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import microlith
from microlith import doctor
from microlith.cli.main import app
from microlith.fitting import Need, fit, judge
from microlith.ir.program import Program
from microlith.report.boards import fit_lines
from microlith.targets import boards
from tests.paths import ROOT

DIGITS = ROOT / "examples/digits/digits_int8.tflite"
NEED = Need(code=8_000, constants=200_000, arena=50_000, data=0, pinned_by="step 2, op 2")


def test_each_target_is_compiled_once() -> None:
    asked: list[str] = []

    def compile_for(target: str) -> Program:
        asked.append(target)
        return microlith.compile(DIGITS, target=target)

    found = fit(compile_for, boards.find("nucleo"))
    assert len(found) >= 10
    assert len(asked) == len(set(asked))
    assert all(each.fits for each in found)
    assert all(each.flash[0].needed > 5_000 for each in found)


def test_what_does_not_fit_is_told_with_its_numbers() -> None:
    board = boards.get("nucleo_g071rb")
    verdict = judge(board, "cortex-m0plus", NEED)
    assert not verdict.fits
    assert "flash lacks 76,928 bytes: 200,000 bytes of constants and 8,000 of code" in (
        verdict.pinned_by
    )
    needed = 50_000 + board.stack_size - board.room("arena")
    assert f"sram lacks {needed:,} bytes: an arena of 50,000, pinned by step 2, op 2" in (
        verdict.pinned_by
    )


def test_parts_of_one_memory_add_up_and_others_do_not() -> None:
    verdict = judge(boards.get("alif_e7"), "cortex-m55", NEED)
    assert verdict.fits and not verdict.pinned_by
    assert {place.name for place in verdict.ram} == {"sram0", "dtcm"}
    assert [place.needed for place in verdict.flash] == [208_000]


def test_the_table_and_the_json_say_the_same() -> None:
    arguments = ["fit", str(DIGITS), "--filter", "f446"]
    table = CliRunner().invoke(app, arguments).output
    entry = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).output)["boards"][0]
    assert entry["id"] == "nucleo_f446re" and entry["fits"] and entry["pinned_by"] is None
    assert "fits  cortex-m4" in table
    assert entry["flash"][0]["room"] == 512 * 1024


def test_a_board_without_code_is_listed() -> None:
    lines = fit_lines([judge(boards.get("pico"), "cortex-m0plus", NEED)])
    assert len(lines) == 2


def test_the_doctor_knows_the_verbs_and_the_commands() -> None:
    checks = {check.name: check for check in doctor.examine()}
    assert {"arm-none-eabi-gcc", "qemu-system-arm", "platformio", "pyocd"} <= set(checks)
    for check in checks.values():
        assert check.needed_for
        assert "install" in check.fix


def test_the_doctor_tells_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(app, ["doctor"])
    assert "missing  arm-none-eabi-gcc" in result.output
    assert "apt install gcc-arm-none-eabi" in result.output
    checks = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)["checks"]
    assert not next(c for c in checks if c["name"] == "qemu-system-arm")["ok"]
