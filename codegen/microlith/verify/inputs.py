# SPDX-License-Identifier: Apache-2.0
"""Sample data: seeded random and extreme inputs, and .npz files.

Everywhere, samples are `{port key: array of shape [samples, *port shape]}`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from microlith.errors import InputError, OptionError
from microlith.ir.graph import Array, DType
from microlith.ir.program import Port

Samples = Mapping[str, Array]

MOST_BYTES = 1 << 30
"""Of the samples that are made for one input."""

FLOAT_EXTREME = 1e3
"""Magnitude of the extreme float samples: far outside what a trained model sees, yet small enough
that sums of products stay finite."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a .zip can hold: same data, same bytes


def random_inputs(ports: Sequence[Port], samples: int, seed: int) -> dict[str, Array]:
    """Seeded samples: integers uniform over the type's whole range, floats standard normal.

    Each port draws from its own PCG64 stream, so its data does not depend on the other ports.
    """
    return {
        port.key: _random(np.random.Generator(np.random.PCG64([seed, position])), port, samples)
        for position, port in enumerate(ports)
    }


def extreme_inputs(ports: Sequence[Port]) -> dict[str, Array]:
    """Three samples: every element at its type's minimum, at its maximum, and at zero (the zero
    point of a quantised port). Floats take -1000, 1000 and 0."""
    return {
        port.key: np.stack([np.full(port.shape, value, _numpy(port)) for value in _extremes(port)])
        for port in ports
    }


def concatenate(*parts: Samples) -> dict[str, Array]:
    """The samples of all parts, in order; every part has the same keys."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def check_inputs(ports: Sequence[Port], arrays: Samples, where: str) -> dict[str, Array]:
    """`arrays` in the order of `ports`, C-contiguous. Raises InputError when a name is missing or
    unknown, or when an array's type or shape is not [samples, *port shape]."""
    arrays = {key: np.asarray(array) for key, array in arrays.items()}
    missing = [port.key for port in ports if port.key not in arrays]
    unknown = sorted(set(arrays) - {port.key for port in ports})
    faults = [f"{key!r} is missing" for key in missing]
    faults += [f"{key!r} is not an input of the model" for key in unknown]
    faults += [
        f"{port.key!r} is {_found(arrays[port.key])}"
        for port in ports
        if port.key in arrays and not _fits(port, arrays[port.key])
    ]
    counts = {port.key: len(arrays[port.key]) for port in ports} if not faults else {}
    if len(set(counts.values())) > 1:
        faults.append("the number of samples differs: " + _listing(counts))
    if faults:
        expected = ", ".join(f"{port.key!r} {_expected(port)}" for port in ports)
        raise InputError("; ".join(faults), where=where, fix=f"expected: {expected}")
    return {port.key: np.ascontiguousarray(arrays[port.key]) for port in ports}


def load_npz(path: Path, ports: Sequence[Port]) -> dict[str, Array]:
    """Samples for `ports` from a .npz file. Raises InputError (see check_inputs)."""
    return check_inputs(ports, read_npz(path), str(path))


def read_npz(path: Path) -> dict[str, Array]:
    """All arrays of a .npz file, under their exact names. Raises InputError.

    np.load is not used: it takes the names `x` and `x.npy` for the same.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _read(archive, name) for name in archive.namelist()}
    except FileNotFoundError:
        raise InputError(
            "no such file", where=str(path), fix="give an existing .npz file"
        ) from None
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(
            f"cannot be read as .npz ({error})",
            where=str(path),
            fix="write it with numpy.savez, one numeric array for each input",
        ) from error


def save_npz(path: Path, arrays: Samples) -> None:
    """Writes arrays as .npz; equal arrays give equal bytes. Raises OptionError when it cannot.

    np.savez is not used: it cannot store an array called `file`, and stamps the current time.
    """
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, array in arrays.items():
                entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
                with archive.open(entry, "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, np.asanyarray(array), allow_pickle=False)
    except OSError as error:
        raise OptionError(
            f"cannot be written: {error.strerror}", where=str(path), fix="choose another file"
        ) from error


def _read(archive: zipfile.ZipFile, name: str) -> Array:
    with archive.open(name) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return array


def _numpy(port: Port) -> np.dtype[Any]:
    if not port.dtype.has_numpy:
        raise InputError(
            f"there is no sample data of type {port.dtype.value}",
            where=f"input {port.key!r}",
            fix="only inputs of numeric types can be simulated",
        )
    return port.dtype.numpy


def _random(generator: np.random.Generator, port: Port, samples: int) -> Array:
    dtype, shape = _numpy(port), (samples, *port.shape)
    if samples * port.nbytes > MOST_BYTES:
        raise InputError(
            f"{samples} samples take {samples * port.nbytes} bytes, more than {MOST_BYTES}",
            where=f"input {port.key!r}",
            fix="ask for fewer (--samples), or use a smaller model",
        )
    if port.dtype is DType.BOOL:
        return generator.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return generator.standard_normal(shape).astype(dtype)


def _extremes(port: Port) -> tuple[float, float, float]:
    dtype = _numpy(port)
    if port.dtype is DType.BOOL:
        return 0, 1, 0
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        zero = port.quantization.zero_points[0] if port.quantization else 0
        return limits.min, limits.max, zero
    return -FLOAT_EXTREME, FLOAT_EXTREME, 0.0


def _fits(port: Port, array: Array) -> bool:
    return (
        array.dtype == _numpy(port)
        and array.ndim == len(port.shape) + 1
        and array.shape[1:] == port.shape
        and len(array) > 0
    )


def _expected(port: Port) -> str:
    return f"{port.dtype.value}[{','.join(['samples', *map(str, port.shape)])}]"


def _found(array: Array) -> str:
    return f"{array.dtype}[{','.join(map(str, array.shape))}]"


def _listing(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{key!r} has {count}" for key, count in counts.items())
