# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D: rules, limits of the kernels, and random pools against the
reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.ir.graph import OpView
from microlith.kernels.portable.pooling import KERNELS, AveragePoolInt8, MaxPoolInt8
from microlith.ops.pooling import pool_extents
from microlith.targets import get
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

POOLS = ("AVERAGE_POOL_2D", "MAX_POOL_2D")
ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def add_pool(
    builder: ModelBuilder,
    kind: str = "MAX_POOL_2D",
    *,
    shape: tuple[int, ...] = (1, 6, 7, 4),
    out: tuple[int, ...] = (1, 3, 3, 4),
    dtype: str = "int8",
    scale: float | None = 0.05,
    zero_point: int = 3,
    **options: Any,
) -> tuple[int, int]:
    defaults = {"padding": "VALID", "strideH": 2, "strideW": 2, "filterHeight": 2}
    number = len(builder.operators)
    quantisation = (scale, zero_point) if dtype == "int8" else ()
    x = builder.tensor(f"x{number}", shape, dtype, *quantisation)
    y = builder.tensor(f"y{number}", out, dtype, *quantisation)
    builder.op(kind, [x], [y], defaults | {"filterWidth": 2} | options, 2)
    return x, y


def pool(kind: str = "MAX_POOL_2D", **variation: Any) -> bytes:
    builder = ModelBuilder()
    x, y = add_pool(builder, kind, **variation)
    return builder.build([x], [y])


def view(model: bytes) -> OpView:
    main = parse(model, "model").main
    return OpView(main.ops[0], main.tensors)


def test_ordinary_pool_is_legal() -> None:
    assert not check(parse(pool(), "model"))


@pytest.mark.parametrize(
    ("variation", "word"),
    [
        ({"strideH": 0}, "stride_height"),
        ({"filterWidth": -1}, "filter_width"),
        ({"fusedActivationFunction": "TANH"}, "tanh"),
        ({"padding": 7}, "padding"),
        ({"scale": None}, "quantisation"),
        ({"shape": (6, 7, 4)}, "rank 3"),
        ({"out": (1, 3, 4, 4)}, "produces [1, 3, 3, 4]"),
    ],
)
def test_rules(variation: dict[str, Any], word: str) -> None:
    problems = check(parse(pool(**variation), "model"))
    assert any(word in str(problem) for problem in problems), problems


def test_kernels_are_for_one_element_type() -> None:
    op = view(pool("AVERAGE_POOL_2D", dtype="float32"))
    reasons = {kernel.name: kernel.rejects(op) for kernel in KERNELS}
    assert reasons["average_pool_f32"] is None
    assert reasons["average_pool_s8"] == "is for int8, not float32"


def test_extents_beyond_16_bits_are_refused() -> None:
    op = view(pool(shape=(1, 70000, 2, 1), out=(1, 35000, 1, 1)))
    assert MaxPoolInt8().rejects(op) == "has an extent of 70000, more than 65535"


def test_windows_whose_sum_could_overflow_are_refused() -> None:
    options = {"filterHeight": 4097, "filterWidth": 4096, "padding": "SAME"}
    op = view(pool("AVERAGE_POOL_2D", out=(1, 3, 4, 4), **options))
    assert "elements, more than" in str(AveragePoolInt8().rejects(op))


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
def test_row_table_has_a_pointer_for_each_row_of_the_window(target: str) -> None:
    op = view(pool(shape=(1, 25, 5, 2), out=(1, 1, 1, 2), filterHeight=25, filterWidth=5))
    lowering = MaxPoolInt8().lower(op, get(target))
    assert lowering.scratch == 25 * get(target).pointer_size
    assert lowering.rows == 1


@pytest.mark.parametrize(("seed", "row_bands"), [(1, None), (2, 1), (3, 2)])
def test_random_pools(seed: int, row_bands: int | None) -> None:
    generator = np.random.default_rng(seed)
    builder = ModelBuilder()
    ports = [add_random(builder, generator, dtype) for dtype in ("int8", "float32") * 10]
    model = builder.build([x for x, _ in ports], [y for _, y in ports])
    program = microlith.compile(model, name="pools", row_bands=row_bands)
    verification = program.verify(samples=3, seed=2)
    assert verification.passed, render(verification)


def add_random(
    builder: ModelBuilder, generator: np.random.Generator, dtype: str
) -> tuple[int, int]:
    """A pool of random geometry whose windows may be larger than the image."""
    batches, height, width = (int(generator.integers(1, n)) for n in (4, 12, 12))
    kernel = [int(n) for n in generator.integers(1, 8, 2)]
    stride = [int(n) for n in generator.integers(1, 5, 2)]
    padding = str(generator.choice(["SAME", "VALID"]))
    if padding == "VALID":
        kernel = [min(kernel[0], height), min(kernel[1], width)]
    channels = int(generator.choice([1, 2, 3, 4, 5, 8, 13]))
    options = {
        "padding": padding,
        "strideH": stride[0],
        "strideW": stride[1],
        "filterHeight": kernel[0],
        "filterWidth": kernel[1],
        "fusedActivationFunction": str(generator.choice(ACTIVATIONS)),
    }
    common: dict[str, Any] = {"shape": (batches, height, width, channels), **options}
    kind = str(generator.choice(POOLS))
    rows, columns = (extent.out for extent in pool_extents(view(pool(kind, **common))))
    return add_pool(
        builder,
        kind,
        dtype=dtype,
        scale=float(generator.uniform(0.002, 0.2)),
        zero_point=int(generator.integers(-128, 128)),
        out=(batches, rows, columns, channels),
        **common,
    )
