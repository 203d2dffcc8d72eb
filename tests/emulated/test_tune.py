# SPDX-License-Identifier: Apache-2.0
"""`tune`: what it measures, what it keeps, and which files it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import microlith
from microlith.benchmark import profile
from microlith.cli.main import app
from microlith.errors import OptionError
from microlith.tuning import record
from tests.paths import ROOT
from tests.tools import need_target

MODEL = ROOT / "examples" / "digits" / "digits_int8.tflite"
TARGET = "cortex-m4"
ROOM = "64k"
"""Of flash: enough for any kernels."""


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_target(TARGET)
    path = tmp_path_factory.mktemp("tune") / "digits.json"
    result = CliRunner().invoke(app, ["tune", str(MODEL), "--max-flash", ROOM, "-o", str(path)])
    assert result.exit_code == 0, result.output
    return path


def test_program_runs_the_chosen_kernels_and_takes_what_was_measured(tuned: Path) -> None:
    tuning = record.read(tuned)
    program = microlith.compile(MODEL, target=TARGET, tuned=tuned)
    assert [call.kernel for call in program.calls] == [op.kernel for op in tuning.ops]
    assert all(call.reason == "measured: digits.json" for call in program.calls)
    for op, found in zip(tuning.ops, profile(program), strict=True):
        (chosen,) = (each for each in op.candidates if each.kernel == op.kernel)
        assert found.instructions == chosen.instructions


def test_choice_is_no_slower_than_the_estimated_one(tuned: Path) -> None:
    tuning = record.read(tuned)
    by_estimate = microlith.compile(MODEL, target=TARGET, max_flash=1 << 16)
    auto = sum(_cycles(tuning, i, call.kernel) for i, call in enumerate(by_estimate.calls))
    assert sum(_cycles(tuning, i, op.kernel) for i, op in enumerate(tuning.ops)) <= auto


def _cycles(tuning: record.Tuning, op: int, kernel: str) -> int:
    (found,) = (each for each in tuning.ops[op].candidates if each.kernel == kernel)
    assert found.cycles_estimated is not None
    return found.cycles_estimated


def test_nothing_is_measured_twice(tuned: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    result = CliRunner().invoke(app, ["tune", str(MODEL), "--max-flash", ROOM, "-o", str(again)])
    assert "0 images" in result.output
    assert again.read_text() == tuned.read_text()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "another model"),
        ({"target": "cortex-m7"}, "another target"),
        ({"compiler": "gcc 4.9"}, "another compiler"),
        ({"runtime": "0" * 64}, "other kernels"),
        ({"microlith_tuning": 99}, "number 99"),
        ({"ops": []}, "no kernel is chosen"),
        ({"surprise": 1}, "no file of `microlith tune`"),
    ],
)
def test_stale_and_foreign_files_are_refused(
    tuned: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    path = tmp_path / "stale.json"
    path.write_text(json.dumps(json.loads(tuned.read_text()) | changes))
    with pytest.raises(OptionError, match=message):
        microlith.compile(MODEL, target=TARGET, tuned=path)


def test_file_that_is_no_json(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("kernels = dsp")
    with pytest.raises(OptionError, match="no file of `microlith tune`"):
        microlith.compile(MODEL, target=TARGET, tuned=path)


def test_file_decides_alone(tuned: Path) -> None:
    with pytest.raises(OptionError, match="--kernels has no say"):
        microlith.compile(MODEL, target=TARGET, tuned=tuned, kernels="dsp")
    with pytest.raises(OptionError, match="--max-flash has no say"):
        microlith.compile(MODEL, target=TARGET, tuned=tuned, max_flash=1 << 20)


def test_limit_of_flash(tmp_path: Path) -> None:
    need_target(TARGET)
    least = microlith.compile(MODEL, target=TARGET, kernels="portable").weights_size
    program = microlith.compile(MODEL, target=TARGET, max_flash=least + 500)
    assert program.weights_size <= least + 500
    with pytest.raises(OptionError, match="--max-flash"):
        microlith.compile(MODEL, target=TARGET, max_flash=1000)
    arguments = ["generate", str(MODEL), "-o", str(tmp_path / "fw"), "--project", "library"]
    assert CliRunner().invoke(app, [*arguments, "--max-flash", "64k"]).exit_code == 0
    shown = CliRunner().invoke(app, [*arguments, "--max-flash", "64q"])
    assert shown.exit_code == 2
    assert "not a number of bytes" in shown.output
