# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED with Helium: int8, eight units at a time, one scale for all."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, In, Kernel, Lowering, Out, Scratch, wrong_weights
from microlith.kernels.dsp.output import LARGEST_SUM, MOST_SHIFT
from microlith.kernels.helium.conv import VECTOR
from microlith.kernels.portable.accumulate import factor_too_large, folded_biases
from microlith.kernels.portable.fully_connected import (
    centred_weights,
    exact_multipliers,
    weights_zero_point,
)
from microlith.kernels.quantize_math import activation_range
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

UNITS = 8
"""Units that are computed together."""

NEIGHBOURS = (0, 1, 2, 4, 8, 16, 32, 64, -1, -2)
"""What is added to the nearest multiplier in search of an exact one."""


class Scale(NamedTuple):
    """(offset + doubled high half of (sum << left) * multiplier) >> right is the output."""

    multiplier: int
    left: int
    right: int
    offset: int

    def product(self, total: int) -> int:
        """The doubled high half, rounded."""
        return ((total << self.left) * self.multiplier + (1 << 30)) >> 31


class FullyConnectedInt8Helium(Kernel):
    name = "fully_connected_s8_helium"
    backend = "helium"
    operators = ("FULLY_CONNECTED",)
    function = "mr_fully_connected_s8_helium"
    params = "mr_fully_connected_s8_helium_params"
    source = "fully_connected"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_weights(op, DType.INT8)
        if wrong:
            return wrong
        if weights_zero_point(op) != 0:
            return "is for weights without a zero point"
        too_large = factor_too_large(op)
        if too_large:
            return too_large
        scale = _scale(op)
        return scale if isinstance(scale, str) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        scale = _scale(op)
        assert not isinstance(scale, str), scale
        weights = centred_weights(op)
        units, depth = weights.shape
        chunks = -(-depth // VECTOR)
        biases = np.zeros(-(-units // UNITS) * UNITS, np.int32)
        biases[:units] = folded_biases(op, weights)
        least, most = activation_range(op.attributes.activation, op.output())
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "weights": Const("weights"),
                "biases": Const("biases"),
                "scratch": Scratch() if depth % VECTOR else 0,
                "batches": batches(op),
                "depth": depth,
                "chunks": chunks,
                "units": units,
                **scale._asdict(),
                "least": least,
                "most": most,
            },
            constants=(
                Constant("weights", pack(weights), alignment=16),
                Constant("biases", biases),
            ),
            scratch=chunks * VECTOR if depth % VECTOR else 0,
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        block = -(-depth // VECTOR) * 17.5 + 32.0
        return batches(op) * (-(-units // UNITS) * block + depth / 5.0 + 60.0)


def pack(weights: Array) -> Array:
    """[unit, input] → int8 [block][chunk][UNITS][VECTOR], filled up with zeros."""
    units, depth = weights.shape
    padded = np.zeros((-(-units // UNITS) * UNITS, -(-depth // VECTOR) * VECTOR), np.int8)
    padded[:units, :depth] = weights
    return padded.reshape(-1, UNITS, padded.shape[1] // VECTOR, VECTOR).swapaxes(1, 2).reshape(-1)


def _scale(op: OpView) -> Scale | str:
    """How sums become outputs, exactly as the reference's; or why there is no way."""
    pairs = exact_multipliers(op)
    if len(pairs) != 1:
        return "is for one scale, not one for each unit"
    if pairs[0] is None:
        return "no multiplier of 31 bits rounds as the reference does"
    bound = _largest_sum(op)
    if bound >= LARGEST_SUM:
        return f"sums reach {bound}, not less than {LARGEST_SUM}"
    low, high = activation_range(op.attributes.activation, op.output())
    found = find_scale(pairs[0], bound, op.output().zero_point, (low, high))
    return found or "no rounding of vectors gives the reference's results"


def _largest_sum(op: OpView) -> int:
    """Largest magnitude of a sum."""
    weights = centred_weights(op)
    reach = 128 * np.abs(weights).astype(np.int64).sum(axis=1)
    biases = np.abs(folded_biases(op, weights).astype(np.int64))
    return int((reach + biases).max())


@cache
def find_scale(
    pair: tuple[int, int], bound: int, zero_point: int, limits: tuple[int, int]
) -> Scale | None:
    """A scale that gives what mr_requantize_single and `zero_point` give for every sum of a
    magnitude up to `bound`, within `limits`; or None.

    Neither decreases with the sum, so they are equal if they reach each output at the same sum: an
    interval of offsets for each, whose intersection is taken. Sums are shifted to the left as far
    as they fit, so that the first of the two roundings is a fine one. A multiplier slightly larger
    than the reference's moves halves of both signs away from zero.
    """
    multiplier, shift = pair
    left = min((LARGEST_SUM // max(bound, 1)).bit_length() - 1, MOST_SHIFT + shift)
    if left < 0 or left - shift < 1:
        return None
    outputs = range(max(limits[0], -128) + 1, limits[1] + 1)
    reaching = [_least_reaching(pair, bound, output - zero_point) for output in outputs]
    for change in NEIGHBOURS:
        scale = Scale(min(multiplier + change, 2**31 - 1), left, left - shift, 0)
        offset = _offset(scale, outputs, reaching, bound)
        if offset is not None:
            return scale._replace(offset=offset)
    return None


def _offset(scale: Scale, outputs: range, reaching: list[int], bound: int) -> int | None:
    """An offset with which `outputs` are first reached by the sums `reaching`, or None."""
    least, most = -LARGEST_SUM, LARGEST_SUM
    for output, total in zip(outputs, reaching, strict=True):
        edge = output << scale.right
        if total <= bound:
            least = max(least, edge - scale.product(total))
        if total > -bound:
            most = min(most, edge - 1 - scale.product(total - 1))
    return (least + most) // 2 if least <= most else None


def _least_reaching(pair: tuple[int, int], bound: int, scaled: int) -> int:
    """The least sum in [-bound, bound] whose result is at least `scaled`; or bound + 1."""
    low, high = -bound, bound + 1
    while low < high:
        middle = (low + high) // 2
        if requantize_single(middle, *pair) >= scaled:
            high = middle
        else:
            low = middle + 1
    return low


def requantize_single(total: int, multiplier: int, shift: int) -> int:
    """mr_requantize_single of requantize.h: one rounding, halves away from zero."""
    bits = 31 - shift
    return (total * multiplier + (1 << (bits - 1)) - (total < 0)) >> bits


KERNELS = (FullyConnectedInt8Helium(),)
