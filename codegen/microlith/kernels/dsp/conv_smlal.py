# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with SMLAL: int8, three sums to an accumulator, two weights to a word."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.conv import BLOCK, PIXELS, blocks
from microlith.kernels.dsp.output import (
    output_constant,
    output_table,
    rejected,
    scaled_table,
)
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

FIELD = 21
"""Bits of a sum inside an accumulator."""

REACH = 128
"""Largest magnitude of an input."""


class Conv2DInt8Smlal(Kernel):
    name = "conv_2d_s8_smlal"
    backend = "dsp"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_s8_smlal"
    params = "mr_conv_2d_s8_smlal_params"
    source = "conv_smlal"
    features = frozenset({"dsp", "smlal"})
    pair_cost = 75.0
    """Instructions that make outputs of the sums of two channels and three pixels."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], op.output().shape[3])}
        return too_large(extents) or rejected(self.table(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        constants = [
            Constant("weights", pack_fields(shape.weights)),
            output_constant(self.table(op, shape)),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "outputs": Const("outputs"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "in_channels": op.input().shape[3],
                "out_channels": op.output().shape[3],
                "blocks": blocks(shape),
                "part_blocks": part_blocks(shape.weights),
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=scratch_bytes(shape, target),
            rows=batches * height,
        )

    def table(self, op: OpView, shape: Geometry) -> Array | str:
        """See output_table: the zero point is folded into the biases."""
        return output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        parts = -(-blocks(shape) // part_blocks(shape.weights))
        pair = blocks(shape) * 12.5 + parts * 55.0 + self.pair_cost
        runs = shape.window["kernel_height"] * 25.0
        packed = shape.taps * 7.0 + runs + 90.0
        return op.output().elements / channels * (-(-channels // 2) * pair + packed) / PIXELS


def scratch_bytes(shape: Geometry, target: Target) -> int:
    """Row pointers for each pixel, packed inputs, and copies of windows where any are needed."""
    taps = blocks(shape) * BLOCK
    pointers = PIXELS * shape.window["kernel_height"] * target.pointer_size
    return pointers + 8 * taps + (PIXELS * taps if shape.has_broken_windows else 0)


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
