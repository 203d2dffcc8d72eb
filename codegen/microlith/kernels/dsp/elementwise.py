# SPDX-License-Identifier: Apache-2.0
"""ADD with SMLAW: int8 operands of one shape, one linear form in fixed point, compared with the
reference for every pair of inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, wrong_type
from microlith.kernels.portable.elementwise import HEADROOM
from microlith.kernels.quantize_math import activation_range, quantize_multiplier
from microlith.targets.target import Target

OUTPUT_SHIFT = 20
FACTOR_SHIFT = 8
"""Bits of a factor beyond those of a sum."""

LARGEST = 1 << 31
NEIGHBOURS = (0, 1, -1, 2, -2)
"""What is added to the nearest factors in search of exact ones."""


@dataclass(frozen=True)
class LinearForm:
    """(offset + factors[0] * a / 2^8 + factors[1] * b / 2^8) / 2^20 with floor divisions."""

    factors: tuple[int, int]
    offset: int


class AddInt8Dsp(Kernel):
    name = "add_s8_dsp"
    backend = "dsp"
    operators = ("ADD",)
    function = "mr_add_s8_dsp"
    params = "mr_add_s8_dsp_params"
    source = "elementwise"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        if not op.input(0).shape == op.input(1).shape == op.output().shape:
            return "is for operands of one shape"
        return None if _form(op) else "no linear form gives the reference's results"

    def lower(self, op: OpView, target: Target) -> Lowering:
        form = _form(op)
        assert form is not None
        shape = op.output().shape
        least, most = activation_range(op.attributes.activation, op.output())
        return Lowering(
            params={
                "input1": InRows(0),
                "input2": InRows(1),
                "output": OutRows(),
                "factor1": form.factors[0],
                "factor2": form.factors[1],
                "offset": form.offset,
                "length": prod(shape[-2:]),
                "least": least,
                "most": most,
            },
            in_place=(0, 1),
            rows=prod(shape[:-2]),
        )

    def cost(self, op: OpView, target: Target) -> float:
        return 6.5 * op.output().elements + 40.0 * prod(op.output().shape[:-2])


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
    nearest = [round(scale / scales[2] * 2.0 ** (OUTPUT_SHIFT + FACTOR_SHIFT)) for scale in scales]
    for change in product(NEIGHBOURS, repeat=2):
        factors = (nearest[0] + change[0], nearest[1] + change[1])
        offset = _offset(factors, expected)
        if offset is not None:
            return LinearForm(factors, offset)
    return None


def _offset(factors: tuple[int, int], expected: Array) -> int | None:
    """An offset with which `factors` give the `expected` sums [a, b], or None."""
    if max(factors) >= LARGEST:
        return None
    a, b = (np.arange(-128, 128) * factor >> FACTOR_SHIFT for factor in factors)
    terms = a[:, None] + b[None, :]
    # the least and the largest offset of each pair; saturated sums need only one
    least = (expected << OUTPUT_SHIFT) - terms
    most = least + (1 << OUTPUT_SHIFT) - 1
    low = int(least[expected > -128].max(initial=-LARGEST))
    high = int(most[expected < 127].min(initial=LARGEST - 1))
    offset = (low + high) // 2
    reach = max(abs(int(b.min())), abs(int(b.max())), abs(int(terms.min())), abs(int(terms.max())))
    return offset if low <= high and abs(offset) + reach < LARGEST else None


def reference_sums(
    scales: tuple[float, float, float], zero_points: tuple[int, int, int]
) -> Array | None:
    """The reference's sums of all int8 a and b, saturated: int64[256, 256]. Operands are raised by
    HEADROOM bits and brought to twice the larger scale, where they are added. None for scales at
    which that overflows."""
    common = 2.0 * max(scales[:2])
    terms = [
        _scaled((np.arange(-128, 128) - zero_point) << HEADROOM, scale / common)
        for scale, zero_point in zip(scales[:2], zero_points[:2], strict=True)
    ]
    output_factor = common / (2.0**HEADROOM * scales[2])
    if output_factor >= 1.0:
        return None
    sums = _scaled(terms[0][:, None] + terms[1][None, :], output_factor) + zero_points[2]
    saturated: Array = np.clip(sums, -128, 127)
    return saturated


def _scaled(values: Array, factor: float) -> Array:
    """mr_requantize of requantize.h by a factor below 1."""
    multiplier, shift = quantize_multiplier(factor)
    high = (values.astype(np.int64) * multiplier + (1 << 30)) >> 31
    if shift < 0:
        high = (((high + (high >> 63)) >> (-shift - 1)) + 1) >> 1
    return high


KERNELS = (AddInt8Dsp(),)
