# SPDX-License-Identifier: Apache-2.0
"""MEAN: loops over axes, fixed-point division, rules, and random means against the reference."""

from __future__ import annotations

from itertools import chain, combinations, product
from math import prod
from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.ir.graph import OpView
from microlith.kernels.portable.reduce import (
    MeanFloat,
    MeanInt8,
    mean_multiplier,
    reduction_params,
)
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Shape = tuple[int, ...]


def add_mean(
    builder: ModelBuilder,
    shape: Shape,
    axes: Shape,
    *,
    keep: bool = True,
    dtype: str = "int8",
    scales: tuple[float, float] = (0.05, 0.04),
    zero_points: tuple[int, int] = (-7, 11),
) -> tuple[int, int]:
    number = len(builder.operators)
    reduced = {axis % len(shape) for axis in axes} if shape else set()
    extents = [1 if axis in reduced else extent for axis, extent in enumerate(shape)]
    out = [extent for axis, extent in enumerate(extents) if keep or axis not in reduced]
    quantisations = list(zip(scales, zero_points, strict=True)) if dtype == "int8" else [(), ()]
    x = builder.tensor(f"x{number}", shape, dtype, *quantisations[0])
    axis = builder.constant(f"axes{number}", np.array(axes, np.int32))
    y = builder.tensor(f"y{number}", out, dtype, *quantisations[1])
    builder.op("MEAN", [x, axis], [y], {"keepDims": keep}, 2)
    return x, y


def mean(shape: Shape, axes: Shape, **variation: Any) -> bytes:
    builder = ModelBuilder()
    x, y = add_mean(builder, shape, axes, **variation)
    return builder.build([x], [y])


def view(shape: Shape, axes: Shape, **variation: Any) -> OpView:
    main = parse(mean(shape, axes, **variation), "model").main
    return OpView(main.ops[0], main.tensors)


def read(params: dict[str, Any]) -> list[list[int]]:
    """For each output element the input elements that it is the mean of, as the C loops do."""
    offsets = {
        kind: [
            sum(i * step for i, step in zip(index, params[f"{kind}_step"], strict=True))
            for index in product(*(range(n) for n in params[kind]))
        ]
        for kind in ("kept", "reduced")
    }
    return [[k + r for r in offsets["reduced"]] for k in offsets["kept"]]


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 1, 3), (2, 3, 4, 5), (2, 1, 2, 3, 2, 2)])
def test_loops_visit_what_the_axes_say(shape: Shape) -> None:
    rank = len(shape)
    elements = np.arange(prod(shape)).reshape(shape)
    for axes in chain.from_iterable(combinations(range(rank), n) for n in range(rank + 1)):
        kept = [axis for axis in range(rank) if axis not in axes]
        expected = elements.transpose(*kept, *axes).reshape(prod(shape[axis] for axis in kept), -1)
        found = read(dict(reduction_params(view(shape, axes))))
        np.testing.assert_array_equal(found, expected, str(axes))


def test_mean_of_an_image_is_one_loop_over_pixels() -> None:
    params = reduction_params(view((1, 5, 7, 8), (1, 2), keep=False))
    assert params["kept"] == [1, 1, 8]
    assert params["reduced"] == [1, 1, 35]
    assert params["reduced_step"] == [0, 0, 8]


def test_many_groups_of_axes_are_refused() -> None:
    assert MeanFloat().rejects(view((2,) * 6, (0, 2, 4), dtype="float32")) is None
    reason = MeanFloat().rejects(view((2,) * 7, (0, 2, 4, 6), dtype="float32"))
    assert reason == "has more than 3 groups of reduced or of kept axes"


def test_sums_that_could_overflow_are_refused() -> None:
    assert "elements to one" in str(MeanInt8().rejects(view((1, 4096, 1025, 1), (1, 2))))


@pytest.mark.parametrize("count", [1, 2, 3, 49, 64, 125, 100_000])
@pytest.mark.parametrize("ratio", [1.0, 1.13, 0.03, 300.0])
def test_multiplier_loses_less_than_a_bit(ratio: float, count: int) -> None:
    multiplier, shift = mean_multiplier(ratio, count)
    exact = quantize_multiplier(ratio)
    wanted = exact[0] * 2.0 ** (exact[1] - 31) / count
    assert wanted - multiplier * 2.0 ** (shift - 31) < 2.0 ** (shift - 31)


@pytest.mark.parametrize(
    ("shape", "axes", "variation", "word"),
    [
        ((2, 3), (2,), {}, "axis 2 does not exist"),
        ((2, 3), (1, -3), {}, "axis -3 does not exist"),
        ((2, 3), (1,), {"scales": (0.5, 1e-9)}, "too small"),
    ],
)
def test_rules(shape: Shape, axes: Shape, variation: dict[str, Any], word: str) -> None:
    problems = check(parse(mean(shape, axes, **variation), "model"))
    assert any(word in str(problem) for problem in problems), problems


def test_repeated_and_negative_axes_are_legal() -> None:
    for axes in ((1, -1), (-2, 0), (), (1, 1)):
        assert not check(parse(mean((2, 3), axes, keep=False), "model"))


def test_random_means() -> None:
    generator = np.random.default_rng(3)
    builder = ModelBuilder()
    ports = [add_random(builder, generator, dtype) for dtype in ("int8", "float32") * 50]
    model = builder.build([x for x, _ in ports], [y for _, y in ports])
    verification = microlith.compile(model, name="means").verify(samples=4, seed=2)
    assert verification.passed, render(verification)


def add_random(
    builder: ModelBuilder, generator: np.random.Generator, dtype: str
) -> tuple[int, int]:
    rank = int(generator.integers(1, 6))
    axes = generator.permutation(rank)[: generator.integers(0, rank + 1)]
    return add_mean(
        builder,
        tuple(int(n) for n in generator.integers(1, 8, rank)),
        tuple(int(axis) - rank * int(generator.integers(2)) for axis in axes),
        keep=bool(generator.integers(2)),
        dtype=dtype,
        scales=(0.05, float(0.05 * 2.0 ** generator.uniform(-5, 5))),
        zero_points=(int(generator.integers(-128, 128)), int(generator.integers(-128, 128))),
    )
