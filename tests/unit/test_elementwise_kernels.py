# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL: how operands spread over rows, fixed-point parameters, and every pair of int8
operands against the reference."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.ir.graph import OpView
from microlith.kernels.portable.elementwise import AddInt8, Spread, spread
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.targets import get
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Shape = tuple[int, ...]
EXTENTS = (1, 2, 3)


def walk(plan: Spread, operands: tuple[Shape, Shape]) -> tuple[list[int], list[int]]:
    """Elements of both operands in the order in which the C kernel reads them."""
    pitches = [int(np.prod(operands[i][-2:])) for i in plan.order]
    images, lines = plan.rows
    runs, run = plan.elements
    counters = (images.extent, lines.extent, runs.extent, run.extent)
    read: tuple[list[int], list[int]] = ([], [])
    for image, line, group, element in product(*map(range, counters)):
        for i, pitch in enumerate(pitches):
            row = image * images.steps[i] + line * lines.steps[i]
            read[i].append(row * pitch + group * runs.steps[i] + element * run.steps[i])
    return read


def shapes(rank: int) -> list[tuple[Shape, Shape]]:
    """Operands of `rank` axes of which each may repeat either operand."""
    axes = [(3, 3), (1, 3), (3, 1), (1, 1)]
    return [
        (tuple(a for a, _ in pairs), tuple(b for _, b in pairs))
        for pairs in product(axes, repeat=rank)
    ]


@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_spread_reads_what_broadcasting_says(rank: int, order: tuple[int, int]) -> None:
    for a, b in shapes(rank):
        for operands in ((a, b), (a, b[1:] if b[:1] == (1,) else b)):
            out = np.broadcast_shapes(*operands)
            plan = spread(out, operands, order)
            assert plan is not None, operands
            expected = [
                np.broadcast_to(np.arange(np.prod(s, dtype=int)).reshape(s), out).reshape(-1)
                for s in operands
            ]
            read = walk(plan, operands)
            for position, elements in zip(plan.order, read, strict=True):
                np.testing.assert_array_equal(elements, expected[position], str(operands))


def test_equal_shapes_are_one_run_a_row() -> None:
    plan = spread((2, 5, 7, 3), ((2, 5, 7, 3), (2, 5, 7, 3)), (0, 1))
    assert plan is not None
    assert [level.extent for level in (*plan.rows, *plan.elements)] == [1, 10, 1, 21]
    assert plan.is_pairwise


def test_operand_that_repeats_within_a_run_comes_second() -> None:
    plan = spread((1, 5, 7, 3), ((1,), (1, 5, 7, 3)), (0, 1))
    assert plan is not None
    assert plan.order == (1, 0)
    assert not plan.is_pairwise


def test_many_groups_of_leading_axes_are_refused() -> None:
    alternating = ((2, 1, 2, 1, 2), (1, 2, 1, 2, 2))
    assert spread((2, 2, 2, 2, 2), alternating, (0, 1)) is None
    assert spread((2, 2, 2, 2, 2), ((2, 2, 1, 2, 2), (2, 2, 2, 2, 2)), (0, 1)) is not None


def binary(kind: str, scales: tuple[float, float, float], zero_points: Shape = (0, 0, 0)) -> bytes:
    builder = ModelBuilder()
    (x, y, z) = (
        builder.tensor(name, (1, 4), scale=scale, zero_point=zero_point)
        for name, scale, zero_point in zip("xyz", scales, zero_points, strict=True)
    )
    builder.op(kind, [x, y], [z], {}, 2)
    return builder.build([x, y], [z])


@pytest.mark.parametrize(
    ("kind", "scales", "legal"),
    [
        ("ADD", (1.0, 0.5, 2.0**-16), True),
        ("ADD", (1.0, 0.5, 2.0**-17), False),
        ("MUL", (1.0, 0.5, 2.0**-14), True),
        ("MUL", (1.0, 1.0, 2.0**-14), False),
        ("ADD", (1.0, 0.0, 1.0), False),
    ],
)
def test_scales_that_fixed_point_arithmetic_cannot_hold(
    kind: str, scales: tuple[float, float, float], legal: bool
) -> None:
    problems = check(parse(binary(kind, scales), "model"))
    assert (not problems) == legal, problems


def _add_params(scales: tuple[float, float, float]) -> dict[str, Any]:
    main = parse(binary("ADD", scales), "model").main
    return dict(AddInt8().lower(OpView(main.ops[0], main.tensors), get("host")).params)


def test_operand_of_the_larger_scale_comes_first() -> None:
    assert _add_params((0.25, 0.5, 1.0))["spread"]["input1"].position == 1
    assert _add_params((0.5, 0.25, 1.0))["spread"]["input1"].position == 0


def test_one_half_as_a_factor_with_a_right_shift() -> None:
    """The C kernel shifts right by at least one bit; its stand-in for one half is as good."""
    params = _add_params((0.5, 0.5, 1.0))
    multiplier, shift = params["multiplier2"], params["shift2"]
    assert quantize_multiplier(0.5) == (2**30, 0)
    for difference in range(-255, 256):
        high = (difference * 2**21 * multiplier + 2**31) >> 32
        assert (((high + (high >> 31)) >> (shift - 1)) + 1) >> 1 == difference * 2**19


SCALES = (
    (0.05, 0.03, 0.06),
    (0.03, 0.05, 0.021),
    (0.0231, 0.0231, 0.0231),
    (1.0, 0.25, 0.5),
    (0.5, 1e-4, 0.004),
    (0.7, 0.31, 3.9),
    (1e-3, 1e-9, 1e-3),
    (0.1, 0.0999999, 0.001),
)
ZERO_POINTS = ((0, 0, 0), (-128, 127, -5), (127, -128, 127), (3, -7, -128))


@pytest.mark.parametrize("kind", ["ADD", "MUL"])
def test_every_pair_of_operands(kind: str) -> None:
    """All 65,536 pairs for each choice of scales and zero points, element by element, against a
    single element, and with fused activations."""
    builder = ModelBuilder()
    values = np.arange(-128, 128, dtype=np.int8)
    inputs: dict[int, Any] = {}
    outputs = []
    activations = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
    for i, (scales, zero_points) in enumerate(product(SCALES, ZERO_POINTS)):
        s = scales if kind == "ADD" else (*scales[:2], max(scales[0] * scales[1] * 90, 1e-8))
        for form, (a, b) in {
            "pairs": (np.repeat(values, 256), np.tile(values, 256)),
            "column": (values.reshape(256, 1), values.reshape(1, 256)),
        }.items():
            shape = np.broadcast_shapes(a.shape, b.shape)
            x = builder.tensor(f"x{i}{form}", a.shape, "int8", s[0], zero_points[0])
            y = builder.tensor(f"y{i}{form}", b.shape, "int8", s[1], zero_points[1])
            z = builder.tensor(f"z{i}{form}", shape, "int8", s[2], zero_points[2])
            options = {"fusedActivationFunction": activations[i % len(activations)]}
            builder.op(kind, [x, y], [z], options, 2)
            inputs |= {x: a, y: b}
            outputs.append(z)
    names = {f"{builder.tensors[index].name}": value[None] for index, value in inputs.items()}
    program = microlith.compile(builder.build(list(inputs), outputs), name="pairs")
    verification = program.verify(inputs=names)
    assert verification.bit_exact, render(verification)
