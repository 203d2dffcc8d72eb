# SPDX-License-Identifier: Apache-2.0
"""RESHAPE, PAD and CONCATENATION: rules, kernel choice, and types beyond the conformance table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import microlith
from microlith.frontend import check, parse
from microlith.verify.verify import render
from tests.tflite_builder import ModelBuilder

Shape = tuple[int, ...]

TYPES = ("int8", "uint8", "int16", "int32", "int64", "bool", "float32")


def problems(builder: ModelBuilder, inputs: Sequence[int], outputs: Sequence[int]) -> str:
    found = check(parse(builder.build(inputs, outputs), "model"))
    return "\n".join(problem.what for problem in found)


def verified(builder: ModelBuilder, inputs: Sequence[int], outputs: Sequence[int]) -> list[str]:
    """Kernels of the model, once it has given the reference's bytes."""
    program = microlith.compile(builder.build(inputs, outputs), name="moved")
    verification = program.verify(samples=2)
    assert verification.bit_exact, render(verification)
    return [call.kernel for call in program.calls]


def tensor(builder: ModelBuilder, name: str, shape: Shape, dtype: str = "int8") -> int:
    """A tensor, quantised where its type may be."""
    if dtype in ("int8", "uint8", "int16"):
        zero_point = {"int8": -7, "uint8": 130, "int16": 0}[dtype]
        return builder.tensor(name, shape, dtype, 0.5, zero_point)
    return builder.tensor(name, shape, dtype)


def pad(
    builder: ModelBuilder, shape: Shape, pairs: Sequence[Shape], dtype: str = "int8"
) -> tuple[int, int]:
    x = tensor(builder, f"x_{len(builder.tensors)}", shape, dtype)
    paddings = np.array(pairs, np.int32).reshape(-1, 2)
    constant = builder.constant(f"p_{x}", paddings)
    extents = zip(shape, paddings, strict=False)
    result = tuple(int(n + before + after) for n, (before, after) in extents)
    y = tensor(builder, f"y_{x}", result, dtype)
    builder.op("PAD", [x, constant], [y], version=3)
    return x, y


def concat(
    builder: ModelBuilder, shapes: Sequence[Shape], axis: int, dtype: str = "int8"
) -> tuple[list[int], int]:
    first = len(builder.tensors)
    inputs = [tensor(builder, f"x_{first + i}", shape, dtype) for i, shape in enumerate(shapes)]
    result = list(shapes[0])
    result[axis] = sum(shape[axis] for shape in shapes)
    y = tensor(builder, f"y_{first}", tuple(result), dtype)
    builder.op("CONCATENATION", inputs, [y], {"axis": axis}, 2)
    return inputs, y


def reshape(builder: ModelBuilder, source: int, result: Shape, given: Sequence[int]) -> int:
    y = tensor(builder, f"y_{source}", result)
    builder.op("RESHAPE", [source], [y], {"newShape": list(given)})
    return y


def test_all_types() -> None:
    builder = ModelBuilder()
    inputs: list[int] = []
    outputs: list[int] = []
    for dtype in TYPES:
        x, y = pad(builder, (2, 3, 2), ((1, 0), (0, 2), (1, 1)), dtype)
        parts, z = concat(builder, ((2, 3, 2), (2, 1, 2)), 1, dtype)
        r = tensor(builder, f"r_{x}", (4, 3), dtype)
        builder.op("RESHAPE", [x], [r], {"newShape": [4, 3]})
        inputs += [x, *parts]
        outputs += [y, z, r]
    assert set(verified(builder, inputs, outputs)) == {"pad", "concat_4", "copy"}


def test_pad_of_every_axis_and_rank() -> None:
    builder = ModelBuilder()
    cases = (
        ((3,), ((2, 1),)),
        ((2, 3), ((1, 2), (2, 1))),
        ((2, 3, 2), ((1, 2), (2, 1), (0, 3))),
        ((2, 3, 2, 3), ((1, 2), (2, 1), (0, 3), (1, 0))),
        ((2, 2, 2, 2, 2), ((1, 2), (2, 1), (0, 3), (1, 0), (2, 2))),
        ((2, 2, 2, 2, 2), ((0, 0), (2, 1), (0, 0), (1, 0), (0, 0))),
    )
    ports = [pad(builder, shape, pairs, "float32") for shape, pairs in cases]
    assert set(verified(builder, *map(list, zip(*ports, strict=True)))) == {"pad"}


def test_unquantised_int8_is_padded_with_zeros() -> None:
    builder = ModelBuilder()
    x, y = builder.tensor("x", (1, 3)), builder.tensor("y", (1, 5), scale=0.5, zero_point=9)
    builder.op("PAD", [x, builder.constant("p", np.array([[0, 0], [1, 1]], np.int32))], [y])
    assert verified(builder, [x], [y]) == ["pad"]


@pytest.mark.parametrize(
    ("count", "kernel"), [(1, "concat_4"), (4, "concat_4"), (5, "concat_16"), (64, "concat_64")]
)
def test_concatenation_takes_the_smallest_table(count: int, kernel: str) -> None:
    builder = ModelBuilder()
    inputs, y = concat(builder, [(2, 1 + i % 3) for i in range(count)], 1)
    assert verified(builder, inputs, [y]) == [kernel]


def test_concatenation_with_a_constant_and_with_a_repeated_input() -> None:
    builder = ModelBuilder()
    x = tensor(builder, "x", (2, 3))
    constant = builder.constant("c", np.array([[1], [2]], np.int8), scale=0.5, zero_point=-7)
    y = tensor(builder, "y", (2, 7))
    builder.op("CONCATENATION", [x, constant, x], [y], {"axis": -1}, 2)
    assert verified(builder, [x], [y]) == ["concat_4"]


class TestRules:
    def test_reshape_to_another_number_of_elements(self) -> None:
        builder = ModelBuilder()
        x = tensor(builder, "x", (2, 3))
        y = reshape(builder, x, (7,), (7,))
        assert "int8[2,3] cannot take the shape [7]" in problems(builder, [x], [y])

    @pytest.mark.parametrize("given", [(-1, -1), (-1, 4), (-2, -3)])
    def test_reshape_to_a_shape_that_does_not_resolve(self, given: Shape) -> None:
        builder = ModelBuilder()
        x = tensor(builder, "x", (2, 3))
        y = reshape(builder, x, (2, 3), given)
        assert "cannot take the shape" in problems(builder, [x], [y])

    def test_reshape_by_a_shape_that_is_computed(self) -> None:
        builder = ModelBuilder()
        x, shape = tensor(builder, "x", (2, 3)), builder.tensor("shape", (1,), "int32")
        y = tensor(builder, "y", (6,))
        builder.op("RESHAPE", [x, shape], [y])
        assert "input 1 ('shape') must be a constant" in problems(builder, [x, shape], [y])

    def test_pad_rules(self) -> None:
        builder = ModelBuilder()
        negative = pad(builder, (2, 3), ((0, -1), (0, 0)))
        short = pad(builder, (2, 3), ((1, 1),))
        deep = pad(builder, (1,) * 6, ((0, 1),) * 6)
        found = problems(builder, *map(list, zip(negative, short, deep, strict=True)))
        assert "a padding is negative" in found
        assert "paddings int32[1,2] where [2,2] is expected" in found
        assert "rank 6 (legal: 1 to 5)" in found

    def test_concatenation_rules(self) -> None:
        builder = ModelBuilder()
        uneven, y = concat(builder, ((2, 3), (4, 3)), 1)
        x = tensor(builder, "x", (2, 3))
        other = builder.tensor("other", (2, 3), scale=0.25, zero_point=-7)
        scaled = tensor(builder, "scaled", (2, 6))
        beyond = tensor(builder, "beyond", (2, 6))
        builder.op("CONCATENATION", [x, other], [scaled], {"axis": 1}, 2)
        builder.op("CONCATENATION", [x, x], [beyond], {"axis": 2}, 2)
        found = problems(builder, [*uneven, x, other], [y, scaled, beyond])
        assert "int8[2,3], int8[4,3] do not agree in all axes but 1" in found
        assert "tensor 'other' has another scale or zero point" in found
        assert "axis 2 of a tensor of rank 2" in found
