# SPDX-License-Identifier: Apache-2.0
"""16x8 quantisation and int4 weights: scaling in C against Python's numbers, messages of rules,
every value of int16 through tables, unpacking."""

from __future__ import annotations

import ctypes
import math
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microlith
from microlith import passes, resources
from microlith.errors import UnsupportedModelError
from microlith.frontend import check, parse
from microlith.ir.graph import DType
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.accumulate_s16 import reduced_multipliers
from microlith.kernels.portable.fully_connected import double_factors
from microlith.passes.unpack_int4 import nibbles, unpack_int4
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder
from tests.tools import need_target

WRAPPERS = """
#include "requantize_double.h"
#include "requantize_s16.h"
int32_t exactly(int64_t a, const uint32_t *m, int32_t s) { return mr_requantize_double(a, m, s); }
int32_t reduced(int64_t a, int32_t m, int32_t s) { return mr_requantize_s64(a, m, s); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    need_target("host")
    directory: Path = tmp_path_factory.mktemp("requantize")
    (directory / "wrappers.c").write_text(WRAPPERS)
    include = resources.path("micro_runtime", "kernels", "portable")
    command = ["cc", "-std=c11", "-O2", "-shared", "-fPIC", f"-I{include}", "wrappers.c"]
    subprocess.run([*command, "-o", "wrappers.so"], cwd=directory, check=True)
    return ctypes.CDLL(str(directory / "wrappers.so"))


def product_of_doubles(acc: int, real: float) -> int:
    product = float(acc) * real
    rounded = int(math.copysign(math.floor(abs(product) + 0.5), product))
    return max(-(2**31) + 1, min(rounded, 2**31 - 1))


def accumulators(generator: random.Random, real: float) -> list[int]:
    """Some of every magnitude, and those on both sides of halves between two integers."""
    found = [generator.randrange(-(2**n), 2**n) for n in range(1, 50)]
    for _ in range(100):
        edge = (generator.randrange(32768) + 0.5) / real
        if edge < 2**50:
            found += [math.floor(edge) + d for d in (-1, 0, 1)]
    return [0, 2**31 - 1, 2**31, -(2**31), *found]


def test_products_of_doubles(library: ctypes.CDLL) -> None:
    generator = random.Random(0)
    reals = [2.0**-n for n in (1, 7, 15, 30)] + [3 * 2.0**-n for n in (3, 9, 20)]
    reals += [generator.uniform(0.5, 1) * 2.0**-n for n in range(28)]
    for real in reals:
        mantissas, shifts = (constant.values for constant in double_factors([real]))
        mantissa = (ctypes.c_uint32 * 2)(*mantissas.tolist())
        for acc in accumulators(generator, real):
            found = library.exactly(ctypes.c_int64(acc), mantissa, int(shifts[0]))
            assert found == product_of_doubles(acc, real), (acc, real)


def test_reduced_multipliers(library: ctypes.CDLL) -> None:
    generator = random.Random(1)
    for _ in range(200):
        multiplier, shift = generator.randrange(1 << 14, 1 << 15), generator.randrange(8, 47)
        acc = generator.randrange(-(2**46), 2**46) >> generator.randrange(40)
        expected = acc * multiplier + (1 << (shift - 1)) >> shift
        if abs(expected) < 2**31:
            assert library.reduced(ctypes.c_int64(acc), multiplier, shift) == expected


def layer(
    kind: str = "FULLY_CONNECTED",
    weights: Any = ((1, -2, 3), (4, 5, -6)),
    bias: Any = (1, 2),
    bias_type: str = "int64",
    scales: tuple[float, float] = (1e-3, 1e-3),
    zero: tuple[int, int] = (0, 0),
    **options: str,
) -> bytes:
    """A layer of int16 with weights of scale 0.01."""
    builder = ModelBuilder()
    w = np.asarray(weights, np.int8)
    w = w if kind == "FULLY_CONNECTED" else w[:, None, None, :]
    shapes = ((1, w.shape[-1]), (1, len(w)))
    if kind != "FULLY_CONNECTED":
        shapes = ((1, 1, *shapes[0]), (1, 1, *shapes[1]))
        options |= {"padding": "VALID"}
    x, y = (
        builder.tensor(name, shape, "int16", scale, zero_point)
        for name, shape, scale, zero_point in zip("xy", shapes, scales, zero, strict=True)
    )
    constants = [
        builder.constant("w", w, scale=0.01),
        builder.constant("b", np.asarray(bias, bias_type), scale=scales[0] * 0.01),
    ]
    given: dict[str, Any] = dict(options)
    if kind != "FULLY_CONNECTED":
        given |= {"strideW": 1, "strideH": 1}
    builder.op(kind, [x, *constants], [y], given, 4)
    return builder.build([x], [y])


def told(model: bytes) -> str:
    """What is wrong with a model, in words."""
    return "\n".join(problem.what for problem in check(parse(model, "model")))


@pytest.mark.parametrize("kind", ["FULLY_CONNECTED", "CONV_2D"])
def test_messages_of_layers(kind: str) -> None:
    assert told(layer(kind)) == ""
    assert "int16 tensor 'x' has zero point 5, not 0" in told(layer(kind, zero=(5, 0)))
    assert "int16 tensor 'y' has zero point -3, not 0" in told(layer(kind, zero=(0, -3)))
    assert told(layer(kind, bias_type="int32", quantizedBiasType="INT32")) == ""
    wrong = told(layer(kind, bias_type="int32"))
    assert "bias 'b' is int32, but the layer's options say int64" in wrong
    wrong = told(layer(kind, quantizedBiasType="INT32"))
    assert "bias 'b' is int64, but the layer's options say int32" in wrong


@pytest.mark.parametrize("kind", ["FULLY_CONNECTED", "CONV_2D"])
def test_what_the_reference_cannot_scale(kind: str) -> None:
    for model, reason in (
        (layer(kind, bias=(1 << 50, 0)), f"sums reach {(1 << 50) + 6 * 32768}"),
        (layer(kind, scales=(1000.0, 1e-3)), "its scales multiply sums by 10000"),
    ):
        with pytest.raises(UnsupportedModelError, match=reason):
            microlith.compile(model, target="host", name="layer")


def unary(kind: str, x: float, y: float, shape: tuple[int, ...] = (1, 4), **options: Any) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor("x", shape, "int16", x)
    result = builder.tensor("y", shape, "int16", y)
    builder.op(kind, [source], [result], options or None, 3)
    return builder.build([source], [result])


def test_messages_of_activations() -> None:
    assert "is defined for 1/32768" in told(unary("LOGISTIC", 1e-4, 1e-4))
    assert "has scale 6, more than 5.0" in told(unary("LOGISTIC", 6.0, 2.0**-15))
    assert "is defined for 1/32768 and 0" in told(unary("SOFTMAX", 1e-4, 1e-4, beta=1.0))
    wide = unary("SOFTMAX", 1e-4, 2.0**-15, (1, 65536), beta=1.0)
    assert "the last axis has 65536 elements, more than 65535" in told(wide)


def pair(kind: str, scales: tuple[float, float, float], b: tuple[int, ...] = (2, 3)) -> bytes:
    builder = ModelBuilder()
    shapes = ((2, 3), b, (2, 3))
    x, w, y = (
        builder.tensor(name, shape, "int16", scale)
        for name, shape, scale in zip("abc", shapes, scales, strict=True)
    )
    builder.op(kind, [x, w], [y], {}, 3)
    return builder.build([x, w], [y])


def test_messages_of_pairs() -> None:
    assert told(pair("ADD", (2.0**-12, 2.0**-13, 2.0**-12))) == ""
    shifted = told(pair("ADD", (2.0**-12, 2.0**-12, 2.0**-13)))
    assert "operands would be shifted by 1 and 1 bits to the left" in shifted
    spread = told(pair("ADD", (2.0**-12, 2.0**-13, 2.0**-12), (1,)))
    assert "an operand is broadcast" in spread
    assert "scale 0.001 is too small" in told(pair("MUL", (0.1, 0.1, 1e-3)))


@pytest.mark.parametrize("scale", [2.0**-12, 3.3e-4, 1e-5, 2.0**-9, 4.9])
def test_every_value_through_logistic(scale: float) -> None:
    need_target("host")
    values = np.arange(-32768, 32768).astype(np.int16).reshape(1, 1, -1)
    program = microlith.compile(
        unary("LOGISTIC", scale, 2.0**-15, values.shape[1:]), target="host", name="logistic"
    )
    verification = program.verify(inputs={"x": values})
    assert verification.bit_exact, render(verification)


def test_multipliers_are_those_of_the_reference() -> None:
    graph = parse(layer("CONV_2D", scales=(1e-3, 2e-3)), "model").main
    view = graph.view(graph.ops[0])
    (multiplier, shift), *_ = reduced_multipliers(view, 2)
    factor = output_factors(view)[0]
    assert 1 << 14 <= multiplier < 1 << 15
    assert multiplier == round(factor * 2.0**shift)


def test_int4_constants_are_unpacked() -> None:
    values = np.arange(-8, 7).reshape(3, 5)
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 5), scale=0.1)
    w = builder.tensor("w", values.shape, "int4", 0.1, data=values)
    y = builder.tensor("y", (1, 3), scale=0.1)
    builder.op("FULLY_CONNECTED", [x, w], [y], {}, 4)
    subgraph = unpack_int4(parse(builder.build([x], [y]), "model").main)
    assert subgraph.tensors[w].describe() == "int8[3,5]"
    assert subgraph.tensors[w].data is not None
    assert subgraph.tensors[w].data.tolist() == values.tolist()
    assert nibbles(np.array([0x8F, 0x70], np.uint8)).tolist() == [-1, -8, 0, 7]


def test_int4_weights_stay_packed_in_files() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 4, 4, 3), scale=0.1)
    weights = np.arange(-8, 8).repeat(6)[: 4 * 9].reshape(4, 3, 1, 3)
    w = builder.tensor("w", weights.shape, "int4", 0.1, data=weights)
    bias = builder.constant("b", np.zeros(4, np.int32), scale=0.01)
    y = builder.tensor("y", (1, 2, 4, 4), scale=0.1)
    options = {"padding": "VALID", "strideW": 1, "strideH": 1}
    builder.op("CONV_2D", [x, w, bias], [y], options, 3)
    graph = passes.apply(parse(builder.build([x], [y]), "model"), chosen=passes.FOR_FILES)
    assert graph.main.tensors[w].dtype == DType.INT4
