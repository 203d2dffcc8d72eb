# SPDX-License-Identifier: Apache-2.0
"""QUANTIZE and DEQUANTIZE: every 8- and 16-bit value, ties, bounds, channels, kernel choice."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Array = npt.NDArray[Any]

EIGHT_BITS = ("int8", "uint8")
SCALES = (0.05, 0.5, 1 / 3, 1e-3, 7.7)


def every(dtype: str) -> Array:
    """All values of an integer type, in order."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)


class Bench:
    """Ops side by side, each on data of its own."""

    def __init__(self) -> None:
        self.builder = ModelBuilder()
        self.data: dict[int, Array] = {}
        self.outputs: list[int] = []

    def op(self, kind: str, data: Array, result: str, source_quant: Any, result_quant: Any) -> None:
        number = len(self.outputs)
        x = self.builder.tensor(f"x{number}", data.shape, data.dtype.name, **source_quant)
        y = self.builder.tensor(f"y{number}", data.shape, result, **result_quant)
        self.builder.op(kind, [x], [y], version=2)
        self.data[x] = data
        self.outputs.append(y)

    def quantize(self, data: Array, result: str, **quant: Any) -> None:
        self.op("QUANTIZE", data, result, {}, quant)

    def dequantize(self, data: Array, **quant: Any) -> None:
        self.op("DEQUANTIZE", data, "float32", quant, {})

    def verified(self, target: str = "host") -> list[str]:
        """Kernels of the model, once it has given the reference's bytes."""
        model = self.builder.build(list(self.data), self.outputs)
        program = microlith.compile(model, target=target, name="quants")
        names: Mapping[str, Array] = {
            self.builder.tensors[index].name: data[None] for index, data in self.data.items()
        }
        verification = program.verify(inputs=names)
        assert verification.bit_exact, render(verification)
        return [call.kernel for call in program.calls]


def zero_points(dtype: str) -> tuple[int, ...]:
    return {"int8": (-128, 0, 5, 127), "uint8": (0, 128, 255), "int16": (0,)}[dtype]


def test_every_value_to_every_8_bit_type() -> None:
    """With all pairs of zero points; among the scales are equal ones, where nothing may change."""
    bench = Bench()
    for source, result, (a, b) in product(
        EIGHT_BITS, EIGHT_BITS, (*zip(SCALES, reversed(SCALES), strict=True), (0.1, 0.1), (3, 1e-5))
    ):
        for x, y in product(zero_points(source), zero_points(result)):
            quants = ({"scale": a, "zero_point": x}, {"scale": b, "zero_point": y})
            bench.op("QUANTIZE", every(source), result, *quants)
    kernels = bench.verified()
    assert kernels.count("copy") == 14
    assert set(kernels) == {"copy", "requantize_8"}


def test_real_numbers_around_every_tie() -> None:
    """Exact halves between all quantised values, the next float on either side, and far beyond."""
    bench = Bench()
    for result in (*EIGHT_BITS, "int16"):
        for scale, zero_point in product(SCALES, zero_points(result)):
            steps = np.arange(-300, 300, 0.5, np.float32) if result != "int16" else _sparse()
            ties = steps * np.float32(scale)
            around = [ties, np.nextafter(ties, np.float32(9e9)), np.nextafter(ties, -ties)]
            beyond = np.float32([2e9, -2e9, 1e6, -1e6, 0.0, -0.0]) * np.float32(scale)
            data = np.concatenate([*around, beyond]).astype(np.float32)
            bench.quantize(data, result, scale=scale, zero_point=zero_point)
    assert set(bench.verified()) == {"quantize_f32_8", "quantize_f32_s16"}


def _sparse() -> Array:
    near = np.arange(-40, 40, 0.5)
    return np.concatenate([near, near + 32768, near - 32768]).astype(np.float32)


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_every_value_to_and_from_16_bits(target: str) -> None:
    bench = Bench()
    for source, result in (("int16", "int8"), ("int8", "int16"), ("uint8", "int16")):
        for x_scale, y_scale in product((1e-3, 0.05), (1e-3, 0.0371)):
            x_zero, y_zero = (0 if dtype == "int16" else 7 for dtype in (source, result))
            x_quant = {"scale": x_scale, "zero_point": x_zero}
            y_quant = {"scale": y_scale, "zero_point": y_zero}
            bench.op("QUANTIZE", every(source), result, x_quant, y_quant)
    for scale in (1e-3, 0.0371, 1e-4):
        bench.op("QUANTIZE", every("int16"), "int16", {"scale": 1e-3}, {"scale": scale})
    kernels = bench.verified(target)
    assert set(kernels) == {"copy", "requantize_8_s16", "requantize_s16_8", "requantize_s16"}


def test_out_of_range_numbers_saturate() -> None:
    """The reference's conversion to an integer is undefined here, so it is no judge."""
    builder = ModelBuilder()
    data = np.float32([np.inf, -np.inf, 3e38, -3e38, np.nan])
    x = builder.tensor("x", data.shape, "float32")
    y = builder.tensor("y", data.shape, scale=0.01, zero_point=-100)
    builder.op("QUANTIZE", [x], [y])
    result = microlith.compile(builder.build([x], [y]), name="far").simulate({"x": data[None]})
    np.testing.assert_array_equal(result.outputs["y"], [[127, -128, 127, -128, -128]])


def test_every_value_to_real() -> None:
    bench = Bench()
    for dtype in (*EIGHT_BITS, "int16"):
        for scale, zero_point in product(SCALES, zero_points(dtype)):
            bench.dequantize(every(dtype), scale=scale, zero_point=zero_point)
    assert set(bench.verified()) == {"dequantize_8", "dequantize_s16"}


def test_channels() -> None:
    bench = Bench()
    shape = (2, 3, 4)
    generator = np.random.default_rng(0)
    for axis in range(3):
        quant = {
            "scale": generator.uniform(0.01, 2, shape[axis]),
            "zero_point": generator.integers(0, 100, shape[axis]),
            "axis": axis,
        }
        for dtype in EIGHT_BITS:
            bench.dequantize(generator.integers(0, 127, shape).astype(dtype), **quant)
            real = generator.normal(0, 50, shape).astype(np.float32)
            bench.quantize(real, dtype, **quant)
    assert set(bench.verified()) == {"dequantize_8", "quantize_f32_8"}


def test_every_half_precision_number_at_compile_time_and_at_run_time() -> None:
    halves = np.arange(1 << 16).astype(np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    builder = ModelBuilder()
    x = builder.tensor("x", halves.shape, "float32")
    wide, y = (builder.tensor(name, halves.shape, "float32") for name in ("wide", "y"))
    builder.op("DEQUANTIZE", [builder.constant("halves", halves)], [wide], version=3)
    builder.op("ADD", [x, wide], [y], {})
    model = builder.build([x], [y])
    for disabled in ((), ("fold_constants",)):
        program = microlith.compile(model, name="half", disabled_passes=disabled)
        verification = program.verify(inputs={"x": np.zeros((1, *halves.shape), np.float32)})
        assert verification.bit_exact, render(verification)
        kernels = [call.kernel for call in program.calls]
        assert kernels == (["dequantize_f16", "add_f32"] if disabled else ["add_f32"])


def test_rules() -> None:
    bench = Bench()
    bench.quantize(np.zeros(4, np.float32), "int8")
    bench.dequantize(np.zeros(4, np.int16), scale=0.5, zero_point=3)
    bench.op(
        "QUANTIZE", np.zeros(4, np.int16), "int16", {"scale": 1.0, "zero_point": 4}, {"scale": 1.0}
    )
    bench.op("QUANTIZE", np.zeros(4, np.int16), "int8", {"scale": 1.0}, {"scale": 6e-5})
    fine = {"scale": 1e-7}
    bench.op("QUANTIZE", np.zeros(4, np.int8), "int8", {"scale": 1.0}, fine)
    graph = parse(bench.builder.build(list(bench.data), bench.outputs), "model")
    found = "\n".join(problem.what for problem in check(graph))
    assert "tensor 'y0' needs per-tensor quantisation" in found
    assert "int16 tensor 'x1' has zero point 3, not 0" in found
    assert "int16 tensor 'x2' has zero point 4, not 0" in found
    assert "the output's scale 6e-05 is too small" in found
    assert "the output's scale 1e-07 is too small" in found
