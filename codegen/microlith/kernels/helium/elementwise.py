# SPDX-License-Identifier: Apache-2.0
"""ADD with Helium: int8 operands of one shape, one linear form in 32 bits, compared with the
reference for every pair of inputs."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, wrong_type
from microlith.kernels.dsp.elementwise import reference_sums
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

LARGEST = (1 << 31) - (1 << 16)
"""Bound of sums: half of what the first 16 places of a shift round fits beside them."""

SHIFTS = range(24, 15, -1)
"""Shifts that are tried."""

NEIGHBOURS = sorted(range(-4, 5), key=abs)
"""What is added to the nearest factors in search of exact ones."""


class LinearForm(NamedTuple):
    """(factor1 * a + factor2 * b + offset) >> right."""

    factor1: int
    factor2: int
    offset: int
    right: int


class AddInt8Helium(Kernel):
    name = "add_s8_helium"
    backend = "helium"
    operators = ("ADD",)
    function = "mr_add_s8_helium"
    params = "mr_add_s8_helium_params"
    source = "elementwise"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        if not op.input(0).shape == op.input(1).shape == op.output().shape:
            return "is for operands of one shape"
        return None if _form(op) else "no linear form gives the reference's results"

    def lower(self, op: OpView, target: Target) -> Lowering:
        form = _form(op)
        assert form is not None, "rejects() was not asked"
        shape = op.output().shape
        least, most = activation_range(op.attributes.activation, op.output())
        return Lowering(
            params={
                "input1": InRows(0),
                "input2": InRows(1),
                "output": OutRows(),
                **form._asdict(),
                "length": prod(shape[-2:]),
                "least": least,
                "most": most,
            },
            in_place=(0, 1),
            rows=prod(shape[:-2]),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return 2.13 * op.output().elements + 50.0 * prod(op.output().shape[:-2])


def _form(op: OpView) -> LinearForm | None:
    first, second, result = op.input(0), op.input(1), op.output()
    return linear_form(
        (first.scale, second.scale, result.scale),
        (first.zero_point, second.zero_point, result.zero_point),
    )


@cache
def linear_form(
    scales: tuple[float, float, float], zero_points: tuple[int, int, int]
) -> LinearForm | None:
    """A form that gives the reference's sum for every pair of int8; `scales` and `zero_points` are
    of both operands and the result. None where none was found."""
    expected = reference_sums(scales, zero_points)
    if expected is None:
        return None
    for right in SHIFTS:
        nearest = [round(scale / scales[2] * 2.0**right) for scale in scales[:2]]
        if sum(nearest) * 256 >= LARGEST:
            continue
        for change in sorted(product(NEIGHBOURS, repeat=2), key=_distance):
            factors = (nearest[0] + change[0], nearest[1] + change[1])
            offset = _offset(factors, right, expected)
            if offset is not None:
                return LinearForm(*factors, offset, right)
    return None


def _distance(change: tuple[int, ...]) -> int:
    return sum(abs(step) for step in change)


def _offset(factors: tuple[int, int], right: int, expected: Array) -> int | None:
    """An offset with which `factors` give the `expected` sums [a, b], or None."""
    values = np.arange(-128, 128, dtype=np.int64)
    terms = values[:, None] * factors[0] + values[None, :] * factors[1]
    # the least and the largest offset of each pair; saturated sums need only one
    least = (expected << right) - terms
    most = least + (1 << right) - 1
    low = int(least[expected > -128].max(initial=-LARGEST))
    high = int(most[expected < 127].min(initial=LARGEST - 1))
    offset = (low + high) // 2
    reach = int(np.abs(terms).max())
    return offset if low <= high and abs(offset) + reach < LARGEST else None


KERNELS = (AddInt8Helium(),)
