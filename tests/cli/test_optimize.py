# SPDX-License-Identifier: Apache-2.0
"""`microlith optimize`: what it writes and prints, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from microlith.frontend import parse
from tests.cli.conftest import Microlith
from tests.unit.random_models import RandomModel

Save = Callable[..., Path]


def model() -> bytes:
    return RandomModel(3).build(["conv", "depthwise", "conv"])


def test_it_writes_the_file_and_tells_what_it_did(
    save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    output = tmp_path / "small.tflite"
    ending = microlith("optimize", save(model()), "-o", output)
    assert (ending.code, ending.out) == (0, "")
    assert re.search(r"small.tflite: .*dead_channels", ending.err)
    assert re.search(r"MACs +[\d,]+ -> +[\d,]+", ending.err)
    assert parse(output.read_bytes(), "small").main.ops
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.tflite", "small.tflite"]


def test_json_has_the_figures_of_both(save: Save, microlith: Microlith, tmp_path: Path) -> None:
    output = tmp_path / "small.tflite"
    found = microlith("optimize", save(model()), "-o", output, "--json").json
    assert found["passes"] == ["dead_channels"]
    assert found["after"]["macs"] < found["before"]["macs"]
    assert found["after"]["size"] == output.stat().st_size


def test_a_pass_can_be_left_out(save: Save, microlith: Microlith, tmp_path: Path) -> None:
    options = ["-o", tmp_path / "same.tflite", "--json", "--disable-pass", "dead_channels"]
    found = microlith("optimize", save(model()), *options).json
    assert found["passes"] == []
    assert found["after"]["macs"] == found["before"]["macs"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.tflite", "-o", "out.tflite"], "absent.tflite: cannot be read"),
        (["net.tflite", "-o", "net.tflite"], "net.tflite: is the model itself"),
        (["net.tflite", "-o", "absent/out.tflite"], "out.tflite: cannot be written: No such file"),
        (["net.tflite", "-o", "."], "cannot be written"),
        (["net.tflite", "-o", "out.tflite", "--disable-pass", "x"], "there is no pass 'x'"),
        (["bad.tflite", "-o", "out.tflite"], "bad.tflite: the file is not a TensorFlow Lite model"),
        (["net.tflite"], "Missing option '--output'"),
    ],
)
def test_what_cannot_be_done_ends_with_2(
    arguments: list[str],
    message: str,
    save: Save,
    microlith: Microlith,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(model())
    save(b"no model at all", "bad.tflite")
    monkeypatch.chdir(tmp_path)
    ending = microlith("optimize", *arguments)
    assert ending.code == 2 and ending.out == ""
    assert re.search(message, ending.err), ending.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tflite", "net.tflite"]
