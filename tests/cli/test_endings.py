# SPDX-License-Identifier: Apache-2.0
"""Exit codes and messages: one clear message, standard output empty, nothing half-written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from microlith.simulate import toolchain
from tests.cli import models
from tests.cli.conftest import Microlith

Save = Callable[..., Path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["inspect", "absent.tflite"], "absent.tflite: cannot be read"),
        (["inspect", "."], "is a folder"),
        (["verify", "net.tflite", "--target", "z80"], "there is no target 'z80'; choose from host"),
        (["verify", "net.tflite", "--disable-pass", "x"], "name one of .*dead_channels"),
        (["verify", "net.tflite", "--signature", "s"], "no signature 's'"),
        (["verify", "net.tflite", "--frobnicate"], "No such option"),
        (["verify", "net.tflite", "--seed", "-1"], "--seed"),
        (["verify", "net.tflite", "--samples", "0"], "--samples"),
        (["verify", "net.tflite", "--input", "absent.npz"], "absent.npz: no such file"),
        (["simulate", "net.tflite", "--input", "."], "cannot be read as .npz"),
        (["simulate", "net.tflite", "--output", "absent/out.npz"], "out.npz: cannot be written"),
        (["simulate", "net.tflite", "--output", "."], "cannot be written"),
        (["simulate", "net.tflite", "--keep", "net.tflite"], "cannot write"),
        (["simulate", "net.tflite", "--trace", "net.tflite"], "--trace: cannot write"),
        (["generate", "net.tflite", "-o", "net.tflite"], "cannot write"),
        (["generate", "net.tflite", "-o", "d", "--test-data", "absent.npz"], "no such file"),
        (["generate", "net.tflite"], "Missing option '--output'"),
        (["verify", "net.tflite", "--port", "/dev/x"], "--port: .*give both --board and --port"),
        (["verify", "net.tflite", "--board", "pico", "--upload"], "--upload: .*give both"),
        (["verify", "net.tflite", "--board", "pico", "--port", "x"], "port x cannot be opened"),
        (["verify", "net.tflite", "--board", "pic"], "no board 'pic'; choose from .*rpipico2"),
        (["verify", "net.tflite", "--board", "pico", "--target", "cortex-m4"], "runs code for"),
        (["boards", "--filter", "breadboard"], "--filter: no board has 'breadboard'"),
        (["fit", "net.tflite", "--filter", "breadboard"], "--filter: no board has 'breadboard'"),
        (["run", "net.tflite", "--board", "pico"], "the serial port is not known"),
        (["flash", "."], "there is no project for a board here"),
        (["flash", ".", "--timeout", "0"], "--timeout"),
        (["build", "absent"], "there is no project for a board here"),
    ],
)
def test_wrong_options_end_with_2(
    arguments: list[str],
    message: str,
    save: Save,
    microlith: Microlith,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(models.relu())
    monkeypatch.chdir(tmp_path)
    ending = microlith(*arguments)
    assert ending.code == 2 and ending.out == ""
    assert re.search(message, ending.err)
    assert [path.name for path in tmp_path.iterdir()] == ["net.tflite"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (models.constant_output(), "tensor 'k': is an output and has constant data"),
        (models.huge(), "2147483646 bytes, more than"),
        (models.relu()[:-40], "truncated"),
        (b"PK\3\4 something else", "zip archive"),
        (models.relu().replace(b"TFL3", b"TFL9"), "TFL"),
    ],
)
def test_models_that_cannot_be_generated_end_with_2(
    model: bytes, message: str, save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    path = save(model)
    ending = microlith("generate", path, "-o", tmp_path / "firmware")
    assert ending.code == 2 and ending.out == "" and message in ending.err
    assert not (tmp_path / "firmware").exists()


def test_too_many_samples_are_refused(save: Save, microlith: Microlith) -> None:
    ending = microlith("verify", save(models.huge()))
    assert ending.code == 2 and "ask for fewer" in ending.err


@pytest.mark.parametrize("model", [models.nothing_to_compute(), models.no_inputs()])
def test_models_with_little_in_them(
    model: bytes, save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    path = save(model)
    assert microlith("verify", path, "--json").json["bit_exact"]
    assert microlith("generate", path, "-o", tmp_path / "firmware").code == 0


def test_every_pass_can_be_switched_off(save: Save, microlith: Microlith) -> None:
    names = ("fold_constants", "dead_ops", "views", "dead_channels")
    off = [word for name in names for word in ("--disable-pass", name)]
    assert microlith("verify", save(models.no_inputs()), *off).code == 0


def test_a_missing_compiler_names_its_package(
    save: Save, microlith: Microlith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(models.relu())
    monkeypatch.setenv("PATH", str(tmp_path))
    for target, package in (("host", "gcc"), ("cortex-m4", "gcc-arm-none-eabi")):
        toolchain.for_target.cache_clear()
        ending = microlith("simulate", path, "--target", target)
        assert ending.code == 2 and ending.out == "" and f"apt install {package})" in ending.err
    toolchain.for_target.cache_clear()


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (["targets"], ["targets"]),
        (["inspect", "net.tflite"], ["inputs", "outputs", "ops", "problems"]),
        (
            ["simulate", "net.tflite"],
            ["target", "samples", "flash", "ram", "instructions", "kernels"],
        ),
        (
            ["verify", "net.tflite"],
            ["target", "passed", "bit_exact", "oracle", "max_abs_diff", "mismatched_samples"],
        ),
        (["generate", "net.tflite", "-o", "d"], ["tool", "model", "target", "memory", "files"]),
    ],
)
def test_json_is_one_object_and_nothing_else(
    arguments: list[str],
    keys: list[str],
    save: Save,
    microlith: Microlith,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save(models.relu())
    monkeypatch.chdir(tmp_path)
    ending = microlith(*arguments, "--json")
    assert ending.code == 0 and ending.err == ""
    assert set(keys) <= set(ending.json)
