# SPDX-License-Identifier: Apache-2.0
"""RELU, RELU6, LOGISTIC, ABS and SOFTMAX: rules, tables, and int8 results against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.ir.graph import OpView
from microlith.kernels.portable.activation import correct_expf, logistic_table
from microlith.kernels.portable.softmax import LEAST_COUNTING, exponentials
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

UNIT = (1 / 256, -128)
ALL_INT8 = np.arange(-128, 128, dtype=np.int8)


def add_op(
    builder: ModelBuilder,
    kind: str,
    *,
    shape: tuple[int, ...] = (256,),
    source: tuple[float, int] = (0.05, 3),
    result: tuple[float, int] = UNIT,
    dtype: str = "int8",
    options: dict[str, Any] | None = None,
) -> tuple[int, int]:
    number = len(builder.operators)
    x = builder.tensor(f"x{number}", shape, dtype, *(source if dtype == "int8" else ()))
    y = builder.tensor(f"y{number}", shape, dtype, *(result if dtype == "int8" else ()))
    defaults = {"beta": 1.0} if kind == "SOFTMAX" else None
    builder.op(kind, [x], [y], options or defaults, 2)
    return x, y


def one(kind: str, **variation: Any) -> bytes:
    builder = ModelBuilder()
    x, y = add_op(builder, kind, **variation)
    return builder.build([x], [y])


def logistic_view(scale: float, zero_point: int) -> OpView:
    main = parse(one("LOGISTIC", source=(scale, zero_point)), "model").main
    return OpView(main.ops[0], main.tensors)


def random_quantisations(count: int, seed: int) -> list[tuple[float, int]]:
    generator = np.random.default_rng(seed)
    scales = 2.0 ** generator.uniform(-12, 3, count)
    zero_points = generator.choice([-128, -100, -1, 0, 1, 77, 127], count)
    return [(float(s), int(z)) for s, z in zip(scales, zero_points, strict=True)]


@pytest.mark.parametrize("kind", ["LOGISTIC", "RELU", "RELU6", "ABS"])
def test_every_int8_input(kind: str) -> None:
    """All 256 inputs for random quantisations of input and output."""
    builder = ModelBuilder()
    results = [UNIT] * 60 if kind == "LOGISTIC" else random_quantisations(60, 2)
    ports = [
        add_op(builder, kind, source=source, result=result)
        for source, result in zip(random_quantisations(60, 1), results, strict=True)
    ]
    model = builder.build([x for x, _ in ports], [y for _, y in ports])
    names = {builder.tensors[x].name: ALL_INT8[None] for x, _ in ports}
    verification = microlith.compile(model, name="tables").verify(inputs=names)
    assert verification.bit_exact, render(verification)


def test_int8_softmax_of_random_quantisations() -> None:
    builder = ModelBuilder()
    generator = np.random.default_rng(4)
    ports = [
        add_op(
            builder,
            "SOFTMAX",
            shape=(3, int(generator.choice([1, 2, 3, 12, 100, 400]))),
            source=source,
            options={"beta": float(generator.choice([1.0, 0.3, 2.0, 7.7]))},
        )
        for source in random_quantisations(60, 3)
    ]
    model = builder.build([x for x, _ in ports], [y for _, y in ports])
    verification = microlith.compile(model, name="softmaxes").verify(samples=6, seed=1)
    assert verification.bit_exact, render(verification)


def test_int8_softmax_of_more_equal_elements_than_the_reference_survives() -> None:
    program = microlith.compile(one("SOFTMAX", shape=(2, 1024)), name="deep")
    found = program.simulate({"x0": np.zeros((1, 2, 1024), np.int8)}).outputs["y0"]
    np.testing.assert_array_equal(found, -128)


def test_logistic_table_does_not_depend_on_the_last_bit_of_exp() -> None:
    """The reference's expf is within one unit of the correctly rounded value."""
    up, down = np.float32(np.inf), np.float32(0)
    for scale, zero_point in random_quantisations(40, 6):
        op = logistic_view(scale, zero_point)
        table = logistic_table(op)
        for towards in (up, down):
            other = logistic_table(op, lambda x, to=towards: np.nextafter(correct_expf(x), to))
            np.testing.assert_array_equal(table, other)


def test_correct_expf() -> None:
    assert correct_expf(np.float32(0)) == 1
    assert correct_expf(np.float32(1)) == np.float32(2.718281828459045)
    assert correct_expf(np.float32(-104)) == 0
    assert correct_expf(np.float32(100)) == np.inf


@pytest.mark.parametrize("scale", [0.001, 0.0146, 0.145, 1.0, 30.0])
def test_exponentials(scale: float) -> None:
    table = exponentials(1.0, scale)
    exact = np.exp(-np.float64(np.float32(scale)) * np.arange(len(table)))
    np.testing.assert_allclose(table / 2.0**31, exact, rtol=2e-3, atol=1e-8)
    assert np.all(np.diff(table.astype(np.int64)) < 0)
    assert table[-1] >= LEAST_COUNTING
    assert len(table) == 256 or np.exp(-scale * len(table)) * 2**31 < LEAST_COUNTING * 1.01


@pytest.mark.parametrize(
    ("kind", "variation", "word"),
    [
        ("RELU", {"source": (1.0, 0), "result": (1e-8, 0)}, "too small"),
        ("ABS", {"source": (1.0, 0), "result": (1e-8, 0)}, "too small"),
        ("LOGISTIC", {"result": (0.0039, -128)}, "1/256"),
        ("SOFTMAX", {"result": (1 / 256, 0)}, "zero point 0"),
        ("SOFTMAX", {"result": (1 / 255, -128)}, "1/256"),
        ("SOFTMAX", {"shape": (4096,)}, "last axis"),
        ("SOFTMAX", {"options": {"beta": 0.0}}, "beta"),
        ("SOFTMAX", {"shape": (), "dtype": "float32"}, "scalar"),
    ],
)
def test_rules(kind: str, variation: dict[str, Any], word: str) -> None:
    problems = check(parse(one(kind, **variation), "model"))
    assert any(word in str(problem) for problem in problems), problems
