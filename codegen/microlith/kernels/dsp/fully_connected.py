# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED with SMLAD: int8, two units' weights in 16 bits, or four in three times 16."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, In, Kernel, Lowering, Out, Scratch, wrong_type
from microlith.kernels.dsp.output import MOST_SHIFT
from microlith.kernels.dsp.quads import not_quads, pack_quads
from microlith.kernels.portable.accumulate import factor_too_large, folded_biases
from microlith.kernels.portable.fully_connected import (
    centred_weights,
    exact_multipliers,
    weights_zero_point,
)
from microlith.kernels.quantize_math import activation_range
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

LANES = 4
"""Units of a block, and inputs of a group."""

REACH = 128
"""Largest magnitude of an input."""

LARGEST_SUM = 1 << 23
"""Sums of a pair's second unit stay below this magnitude: they are computed times 256."""


class FullyConnectedInt8Dsp(Kernel):
    name = "fully_connected_s8_dsp"
    backend = "dsp"
    operators = ("FULLY_CONNECTED",)
    function = "mr_fully_connected_s8_dsp"
    params = "mr_fully_connected_s8_dsp_params"
    source = "fully_connected"
    features = frozenset({"dsp"})
    group_cost: ClassVar[float] = 15.0
    """Instructions of a group of a block of units."""

    block_cost: ClassVar[float] = 90.0
    """Those of a block of units besides."""

    widens: ClassVar[bool] = True
    """Whether the scratch holds the inputs in 16 bits."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        if weights_zero_point(op) != 0:
            return "is for weights without a zero point"
        return factor_too_large(op) or self.not_packable(centred_weights(op)) or _not_scalable(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = centred_weights(op)
        units, depth = weights.shape
        scales = _scales(op)
        least, most = activation_range(op.attributes.activation, op.output())
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "weights": Const("weights"),
                "biases": Const("biases"),
                "scales": Const("scales"),
                "scratch": Scratch() if self.widens else 0,
                "batches": batches(op),
                "depth": depth,
                "groups": _groups(depth),
                "units": units,
                "per_unit": int(len(scales) > 1),
                "least": least,
                "most": most,
            },
            constants=(
                Constant("weights", self.pack(weights), alignment=4),
                Constant("biases", folded_biases(op, weights)),
                Constant("scales", scales.reshape(-1)),
            ),
            scratch=_groups(depth) * LANES * 2 if self.widens else 0,
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        block = _groups(depth) * self.group_cost + self.block_cost
        widening = _groups(depth) * 7.0 if self.widens else 0.0
        return batches(op) * (-(-units // LANES) * block + widening + 40.0)

    def not_packable(self, weights: Array) -> str | None:
        """Why `weights` [unit, input] are not as `pack` needs them, or None."""
        return _not_packable(weights)

    def pack(self, weights: Array) -> Array:
        """`weights` as they are stored."""
        return pack_units(weights)


class FullyConnectedInt8Quads(FullyConnectedInt8Dsp):
    name = "fully_connected_s8_quads"
    function = "mr_fully_connected_s8_quads"
    group_cost = 8.25
    block_cost = 95.0

    def not_packable(self, weights: Array) -> str | None:
        return not_quads(weights, REACH)

    def pack(self, weights: Array) -> Array:
        return pack_quads(weights)


def pack_units(weights: Array) -> Array:
    """[unit, input] → int16 [block][group][part][pair of units][2 inputs], filled up with zeros:
    first unit + 256 * second unit, of inputs 0 and 2, then 1 and 3 of a group of LANES."""
    units, depth = weights.shape
    padded = np.zeros((-(-units // LANES) * LANES, _groups(depth) * LANES), np.int32)
    padded[:units, :depth] = weights
    pairs = padded[::2] + 256 * padded[1::2]
    # axes: block, pair, group, half (inputs 0 and 1 or 2 and 3), part (even or odd input)
    split = pairs.reshape(-1, LANES // 2, _groups(depth), 2, 2)
    packed: Array = split.transpose(0, 2, 4, 1, 3).astype(np.int16)
    return packed


def _groups(depth: int) -> int:
    return -(-depth // LANES)


def _not_packable(weights: Array) -> str | None:
    """Why two units' weights do not share 16 bits, or the second sum 24 bits; or None."""
    first, second = weights[: len(weights) // 2 * 2 : 2], weights[1::2]
    if (first + 256 * second).min(initial=0) < -(1 << 15):
        return "has weights of -128 beside negative ones"
    largest = REACH * int(np.abs(second).sum(axis=1, dtype=np.int64).max(initial=0))
    if largest >= LARGEST_SUM:
        return f"sums reach {largest}, not less than {LARGEST_SUM}"
    return None


def _not_scalable(op: OpView) -> str | None:
    """Why mr_dsp_requantize_once would not be exact, or None."""
    for pair in exact_multipliers(op):
        if pair is None:
            return "no multiplier of 31 bits rounds as the reference does"
        if not 1 <= _right_shift(pair) <= MOST_SHIFT:
            return f"sums are shifted by {_right_shift(pair)}, not 1 to {MOST_SHIFT}"
    return None


def _right_shift(pair: tuple[int, int]) -> int:
    """Shift of the product's upper half."""
    return -1 - pair[1]


def _scales(op: OpView) -> Array:
    """Fields of a mr_dsp_scale for each unit, or for all: int32[..., 3]."""
    zero_point = op.output().zero_point
    rows = [
        (pair[0], (zero_point << _right_shift(pair)) + (1 << (_right_shift(pair) - 1)),
         _right_shift(pair))
        for pair in exact_multipliers(op)
        if pair is not None
    ]  # fmt: skip
    return np.array(rows, np.int32)


class FullyConnectedInt8QuadsBytes(FullyConnectedInt8Quads):
    name = "fully_connected_s8_quads_bytes"
    function = "mr_fully_connected_s8_quads_bytes"
    group_cost = 10.25
    widens = False

    def rejects(self, op: OpView) -> str | None:
        depth = op.input(1).shape[1]
        return super().rejects(op) or (
            f"is for a multiple of {LANES} inputs, not {depth}" if depth % LANES else None
        )


KERNELS = (FullyConnectedInt8Quads(), FullyConnectedInt8QuadsBytes(), FullyConnectedInt8Dsp())
