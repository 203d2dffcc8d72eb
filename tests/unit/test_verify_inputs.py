# SPDX-License-Identifier: Apache-2.0
"""Sample data and .npz files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from microlith.errors import InputError
from microlith.ir.graph import Array, DType, Quantization
from microlith.ir.program import Port
from microlith.verify.inputs import (
    check_inputs,
    concatenate,
    extreme_inputs,
    load_npz,
    random_inputs,
    save_npz,
)


def port(key: str, dtype: DType, shape: tuple[int, ...], zero_point: int | None = None) -> Port:
    quantization = None if zero_point is None else Quantization((0.5,), (zero_point,))
    return Port(key, key, 0, key, dtype, shape, quantization, 0)


PORTS = (port("image", DType.INT8, (64, 64, 3), -7), port("scale", DType.FLOAT32, (2,)))


def test_random_inputs_are_seeded_and_cover_the_type() -> None:
    data = random_inputs(PORTS, 3, seed=5)
    assert data["image"].dtype == np.int8 and data["image"].shape == (3, 64, 64, 3)
    assert (data["image"].min(), data["image"].max()) == (-128, 127)
    again = random_inputs(PORTS, 3, seed=5)
    assert all(np.array_equal(data[key], again[key]) for key in data)
    assert not np.array_equal(data["image"], random_inputs(PORTS, 3, seed=6)["image"])


def test_random_inputs_of_a_port_do_not_depend_on_later_ports() -> None:
    alone = random_inputs(PORTS[:1], 2, seed=1)["image"]
    assert np.array_equal(alone, random_inputs(PORTS, 2, seed=1)["image"])


@pytest.mark.parametrize("dtype", [d for d in DType if d.has_numpy and "complex" not in d.value])
def test_every_numeric_type_has_samples(dtype: DType) -> None:
    ports = [port("x", dtype, (4,), 0)]
    for data in (random_inputs(ports, 2, seed=0), extreme_inputs(ports)):
        assert data["x"].dtype == dtype.numpy


def test_extreme_inputs_are_minimum_maximum_and_zero_point() -> None:
    data = extreme_inputs(PORTS)
    assert [sorted(set(sample.ravel())) for sample in data["image"]] == [[-128], [127], [-7]]
    assert data["scale"].tolist() == [[-1000, -1000], [1000, 1000], [0, 0]]


def test_strings_have_no_samples() -> None:
    with pytest.raises(InputError, match="no sample data of type string"):
        random_inputs([port("text", DType.STRING, (1,))], 1, seed=0)


@pytest.mark.parametrize("names", [("serving_default_x:0", "a/b"), ("file", "x"), ("x", "x.npy")])
def test_npz_keeps_every_name(tmp_path: Path, names: tuple[str, str]) -> None:
    ports = [port(name, DType.INT8, (i + 1,)) for i, name in enumerate(names)]
    data = random_inputs(ports, 2, seed=0)
    save_npz(tmp_path / "in.npz", data)
    loaded = load_npz(tmp_path / "in.npz", ports)
    assert list(loaded) == list(names)
    assert all(np.array_equal(loaded[name], data[name]) for name in names)


def test_npz_of_numpy_is_read_and_ours_by_numpy(tmp_path: Path) -> None:
    data = random_inputs(PORTS, 2, seed=0)
    np.savez_compressed(tmp_path / "theirs.npz", image=data["image"], scale=data["scale"])
    assert np.array_equal(load_npz(tmp_path / "theirs.npz", PORTS)["image"], data["image"])
    save_npz(tmp_path / "ours.npz", data)
    with np.load(tmp_path / "ours.npz") as archive:
        assert np.array_equal(archive["scale"], data["scale"])


def test_npz_of_equal_data_has_equal_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        save_npz(tmp_path / name, random_inputs(PORTS, 2, seed=0))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_wrong_arrays_are_all_named() -> None:
    data: dict[str, Array] = {
        "scale": np.zeros((2, 2), np.float64),
        "picture": np.zeros((2, 64, 64, 3), np.int8),
    }
    with pytest.raises(InputError) as caught:
        check_inputs(PORTS, data, "in.npz")
    message = str(caught.value)
    assert message.startswith("in.npz: 'image' is missing; 'picture' is not an input of the model")
    assert "'scale' is float64[2,2]" in message
    assert "expected: 'image' int8[samples,64,64,3], 'scale' float32[samples,2]" in message


@pytest.mark.parametrize("shape", [(2,), (), (0, 2), (1, 3)])
def test_the_axis_of_samples_is_required(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="expected: 'scale' float32"):
        check_inputs(PORTS[1:], {"scale": np.zeros(shape, np.float32)}, "in.npz")


def test_sample_counts_must_agree() -> None:
    data = concatenate(extreme_inputs(PORTS), random_inputs(PORTS, 1, seed=0))
    data["scale"] = data["scale"][1:]
    with pytest.raises(InputError, match="'image' has 4, 'scale' has 3"):
        check_inputs(PORTS, data, "in.npz")


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_npz(tmp_path / "absent.npz", PORTS)
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(InputError, match="cannot be read as"):
        load_npz(tmp_path / "text.npz", PORTS)
    np.savez(tmp_path / "objects.npz", image=np.array([{}], object))
    with pytest.raises(InputError, match="cannot be read as"):
        load_npz(tmp_path / "objects.npz", PORTS)
