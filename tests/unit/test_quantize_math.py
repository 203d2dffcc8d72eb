# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest

from microlith.ir.graph import DType, Quantization, Tensor
from microlith.kernels.quantize_math import (
    activation_range,
    float_activation_range,
    quantize_multiplier,
)


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (0.75, (3 * 2**29, 0)),
        (math.nextafter(1.0, 0.0), (2**30, 1)),  # rounds up to 2^31: halved, one more shift
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),
        (math.nextafter(2.0**-32, 0.0), (2**30, -31)),
        ((2**30 + 0.5) / 2**31, (2**30 + 1, 0)),  # half away from zero
        (48.0, (3 * 2**29, 6)),
    ],
)
def test_quantize_multiplier(real: float, expected: tuple[int, int]) -> None:
    assert quantize_multiplier(real) == expected


def int8(scale: float, zero_point: int) -> Tensor:
    return Tensor("y", DType.INT8, (1,), Quantization((scale,), (zero_point,)))


def test_activation_range() -> None:
    assert activation_range("none", int8(0.1, 3)) == (-128, 127)
    assert activation_range("relu", int8(0.1, 3)) == (3, 127)
    assert activation_range("relu6", int8(0.0625, -128)) == (-128, -32)
    assert activation_range("relu_n1_to_1", int8(0.5, 10)) == (8, 12)
    assert activation_range("relu6", int8(1e-9, 0)) == (0, 127)
    assert activation_range("relu6", int8(4.0, 0)) == (0, 2)  # 1.5 rounds away from zero


def test_float_activation_range() -> None:
    assert float_activation_range("relu6") == (0.0, 6.0)
    low, high = float_activation_range("none")
    assert low == -high
    assert high == 3.4028234663852886e38
