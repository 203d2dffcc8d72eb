# SPDX-License-Identifier: Apache-2.0
"""Samples to bytes and back, and the checks on what a user gives."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from microlith.errors import InputError, ToolError
from microlith.ir.graph import Array, DType
from microlith.ir.program import Port
from microlith.simulate import samples


def port(key: str, dtype: DType, shape: tuple[int, ...]) -> Port:
    return Port(key, key, 0, key, dtype, shape, None, 0)


A = port("a", DType.INT8, (2,))
B = port("b", DType.FLOAT32, ())


def test_pack_puts_the_inputs_of_a_sample_side_by_side() -> None:
    arrays: dict[str, Array] = {
        "a": np.array([[1, 2], [3, 4]], np.int8),
        "b": np.array([0.5, 1.5], np.float32),
    }
    data, number = samples.pack((A, B), arrays)
    assert number == 2
    assert data == struct.pack("<2bf2bf", 1, 2, 0.5, 3, 4, 1.5)


def test_unpack_is_the_inverse() -> None:
    arrays: dict[str, Array] = {
        "a": np.array([[1, 2], [3, 4]], np.int8),
        "b": np.array([0.5, 1.5], np.float32),
    }
    data, number = samples.pack((A, B), arrays)
    back = samples.unpack((A, B), data, number)
    assert {key: (value.dtype, value.tolist()) for key, value in back.items()} == {
        key: (value.dtype, value.tolist()) for key, value in arrays.items()
    }


def test_a_model_without_inputs_has_one_sample() -> None:
    assert samples.pack((), {}) == (b"", 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "'a' is missing"),
        ({"a": np.zeros((1, 2), np.int8), "c": np.zeros(1)}, "'c' is not an input"),
        ({"a": np.zeros((0, 2), np.int8)}, "no samples"),
        ({"a": np.int8(3)}, "no samples"),
        ({"a": np.zeros((1, 3), np.int8)}, "shape [1, 3] instead of [1, 2]"),
        ({"a": np.zeros((1, 2), np.uint8)}, "uint8 instead of int8"),
    ],
)
def test_unfit_samples_are_explained(arrays: dict[str, Array], message: str) -> None:
    with pytest.raises(InputError) as error:
        samples.pack((A,), {key: np.asarray(value) for key, value in arrays.items()})
    assert message in str(error.value)


def test_inputs_have_equally_many_samples() -> None:
    arrays: dict[str, Array] = {"a": np.zeros((2, 2), np.int8), "b": np.zeros(3, np.float32)}
    with pytest.raises(InputError, match="same number of samples"):
        samples.pack((A, B), arrays)


def test_missing_output_is_not_taken_for_data() -> None:
    with pytest.raises(ToolError, match="wrote 3 bytes instead of 2 x 2"):
        samples.unpack((A,), b"\0\0\0", 2)


def test_trace_puts_bands_together() -> None:
    def record(sample: int, op: int, first: int, rows: bytes) -> bytes:
        return struct.pack("<6I", sample, op, 0, first, len(rows) // 2, 2) + rows

    data = record(0, 4, 0, b"ab") + record(0, 4, 1, b"cdef") + record(0, 7, 0, b"xy")
    data += record(1, 4, 0, b"AB") + record(1, 4, 1, b"CDEF") + record(1, 7, 0, b"XY")
    trace = samples.unpack_trace(data, 2)
    assert {key: [row.tobytes() for row in value] for key, value in trace.items()} == {
        (4, 0): [b"abcdef", b"ABCDEF"],
        (7, 0): [b"xy", b"XY"],
    }
