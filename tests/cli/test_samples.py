# SPDX-License-Identifier: Apache-2.0
"""Keys of .npz files, in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from microlith.verify.inputs import save_npz
from tests.cli import models
from tests.cli.conftest import Microlith

Save = Callable[..., Path]


def samples(count: int, seed: int) -> npt.NDArray[np.int8]:
    values = np.random.default_rng(seed).integers(-128, 128, (count, 1, 4))
    return values.astype(np.int8)


@pytest.mark.parametrize(
    ("inputs", "outputs", "in_keys", "out_keys"),
    [
        (["a/b:0;c", "ü", "file"], ["x.npy", "y"], ["a/b:0;c", "ü", "file"], ["x.npy", "y"]),
        (["same", "same", ""], ["", "y"], ["input_0", "input_1", "input_2"], ["output_0", "y"]),
        (["input_1", "", "z"], ["y", "y"], ["input_0", "input_1", "z"], ["output_0", "output_1"]),
    ],
    ids=["odd names", "repeated and empty names", "a name that is another's number"],
)
def test_keys_are_names_or_numbers(
    inputs: list[str],
    outputs: list[str],
    in_keys: list[str],
    out_keys: list[str],
    save: Save,
    microlith: Microlith,
    tmp_path: Path,
) -> None:
    path = save(models.sum_of(inputs, outputs))
    given, found = tmp_path / "in.npz", tmp_path / "out.npz"
    save_npz(given, {key: samples(3, i) for i, key in enumerate(in_keys)})
    ending = microlith("simulate", path, "--input", given, "--output", found, "--json")
    assert ending.code == 0 and ending.json["samples"] == 3
    with np.load(found) as archive:
        assert archive.files == out_keys
        assert all(archive[key].shape == (3, 1, 4) for key in archive.files)


def test_a_signature_names_its_own(save: Save, microlith: Microlith, tmp_path: Path) -> None:
    path = save(models.sum_of(["x", "x", "z"], ["", ""]))
    given, found = tmp_path / "in.npz", tmp_path / "out.npz"
    save_npz(given, {key: samples(2, i) for i, key in enumerate("abc")})
    named = ("--signature", "named", "--input", given)
    assert microlith("simulate", path, *named, "--output", found).code == 0
    with np.load(found) as archive:
        assert archive.files == ["sum", "out/first:0"]
    ending = microlith("simulate", path, "--input", given)
    assert ending.code == 2 and "'input_0' is missing" in ending.err


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": samples(2, 0)}, "'x' is missing; 'y' is not an input"),
        ({"x": samples(2, 0).astype(np.float32)}, r"'x' is float32\[2,1,4\]"),
        ({"x": samples(2, 0)[0]}, r"'x' is int8\[1,4\]; expected: 'x' int8\[samples,1,4\]"),
    ],
)
def test_unfit_samples_are_explained(
    arrays: dict[str, npt.NDArray[np.int8]],
    message: str,
    save: Save,
    microlith: Microlith,
    tmp_path: Path,
) -> None:
    save_npz(tmp_path / "in.npz", arrays)
    ending = microlith("verify", save(models.relu()), "--input", tmp_path / "in.npz")
    assert ending.code == 2 and re.search(message, ending.err)


def test_verify_takes_given_samples_alone(save: Save, microlith: Microlith, tmp_path: Path) -> None:
    save_npz(tmp_path / "in.npz", {"x": samples(5, 0)})
    path = save(models.relu())
    assert microlith("verify", path, "--input", tmp_path / "in.npz", "--json").json["samples"] == 5
