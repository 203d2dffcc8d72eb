# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with SMLAL: int8, three sums to an accumulator, two weights to a word."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument
from microlith.kernels.dsp.conv import BLOCK, PIXELS, SMLAL_CYCLES, PixelConvolution, blocks
from microlith.kernels.dsp.output import output_table, scaled_table
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, geometry
from microlith.targets.target import Target

FIELD = 21
"""Bits of a sum inside an accumulator."""

REACH = 128
"""Largest magnitude of an input."""


class Conv2DInt8Smlal(PixelConvolution):
    name = "conv_2d_s8_smlal"
    cycles = SMLAL_CYCLES
    function = "mr_conv_2d_s8_smlal"
    params = "mr_conv_2d_s8_smlal_params"
    source = "conv_smlal"
    features = frozenset({"dsp", "smlal"})

    def weights(self, shape: Geometry) -> Constant:
        return Constant("weights", pack_fields(shape.weights))

    def table(self, op: OpView, shape: Geometry) -> Array | str:
        """The zero point is folded into the biases."""
        return output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)

    def own_params(self, op: OpView, shape: Geometry) -> dict[str, Argument]:
        return {"part_blocks": part_blocks(shape.weights)}

    def scratch(self, shape: Geometry, target: Target) -> int:
        """Row pointers for each pixel, packed inputs, copies of windows where any are needed."""
        taps = blocks(shape) * BLOCK
        pointers = PIXELS * shape.window["kernel_height"] * target.pointer_size
        return pointers + 8 * taps + (PIXELS * taps if shape.has_broken_windows else 0)

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        parts = -(-blocks(shape) // part_blocks(shape.weights))
        pair = blocks(shape) * 12.5 + parts * 55.0 + self.pair_cost
        runs = shape.window["kernel_height"] * 25.0
        packed = shape.taps * 7.0 + runs + 90.0
        return op.output().elements / channels * (-(-channels // 2) * pair + packed) / PIXELS


def pack_fields(weights: Array) -> Array:
    """[output, ...] → int32 [pair of outputs][tap], first + 2^FIELD * second, filled up with zeros
    to whole blocks and pairs."""
    outputs = weights.shape[0]
    taps = weights.reshape(outputs, -1)
    padded = np.zeros((-(-outputs // 2) * 2, -(-taps.shape[1] // BLOCK) * BLOCK), np.int32)
    padded[:outputs, : taps.shape[1]] = taps
    packed: Array = padded[::2] + (padded[1::2] << FIELD)
    return packed


def part_blocks(weights: Array) -> int:
    """The most blocks whose sums surely stay within a field: REACH * sum |w| < 2^(FIELD - 1), for
    every output and every part that starts at a multiple of them. At least one: a block's sums are
    at most 4 * 128 * 128."""
    taps = np.abs(weights.reshape(weights.shape[0], -1).astype(np.int64))
    count = -(-taps.shape[1] // BLOCK)
    padded = np.zeros((taps.shape[0], count * BLOCK), np.int64)
    padded[:, : taps.shape[1]] = taps
    sums = padded.reshape(taps.shape[0], count, BLOCK).sum(axis=2)
    limit = (1 << (FIELD - 1)) // REACH
    parts = (
        size
        for size in range(count, 1, -1)
        if np.add.reduceat(sums, np.arange(0, count, size), axis=1).max() < limit
    )
    return next(parts, 1)


class Conv2DInt8SmlalScaled(Conv2DInt8Smlal):
    name = "conv_2d_s8_smlal_scaled"
    function = "mr_conv_2d_s8_smlal_scaled"
    pair_cost = 63.0

    def table(self, op: OpView, shape: Geometry) -> Array | str:
        return scaled_table(op, shape.weights, folded_biases(op, shape.weights), REACH)


KERNELS = (Conv2DInt8SmlalScaled(), Conv2DInt8Smlal())
