# SPDX-License-Identifier: Apache-2.0
"""CONV_2D in single precision, four pixels and four output channels at a time; and the depthwise
convolutions that are grouped ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import (
    Const,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    Scratch,
    wrong_weights,
)
from microlith.kernels.fpu.output import limit_params
from microlith.kernels.portable.accumulate import float_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target

LANES = 4
"""Output channels that are computed together."""

PIXELS = 4
"""Output pixels that are computed together; three where that leaves fewer over."""


class Conv2DFloatFpu(Kernel):
    joins_rows = True
    name = "conv_2d_f32_fpu"
    backend = "fpu"
    operators = ("CONV_2D", "DEPTHWISE_CONV_2D")
    function = "mr_conv_2d_f32_fpu"
    params = "mr_conv_2d_f32_fpu_params"
    source = "conv"
    features = frozenset({"fpu"})
    pair_costs: ClassVar[tuple[float, float]] = (51.5, 67.5)
    """Instructions for a pair of taps of three pixels, and of four, in a block of channels."""

    block_costs: ClassVar[tuple[float, float]] = (25.0, 33.0)
    """Those around them."""

    def rejects(self, op: OpView) -> str | None:
        channels = max(op.input().shape[3], op.output().shape[3])
        return wrong_weights(op, DType.FLOAT32) or too_large(
            conv_window(op) | {"channels": channels}
        )

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        biases = float_biases(op, op.output().shape[3])
        pairs = -(-shape.taps // 2)
        windows = pairs * 2 * PIXELS * DType.FLOAT32.size
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "scratch": Scratch(),
                "pairs": pairs,
                "run": run(shape),
                "in_channels": op.input().shape[3],
                "groups": shape.groups,
                "group_inputs": shape.group_inputs,
                "group_outputs": shape.group_outputs,
                "joins_rows": int(shape.joins_rows),
                **limit_params(op),
            },
            constants=(Constant("weights", pack(shape, biases)),),
            scratch=shape.window["kernel_height"] * target.pointer_size + windows,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        pixels = op.output().elements // op.output().shape[3]
        width = pixels if shape.joins_rows else shape.window["out_width"]
        counts = tiles(width)
        blocks = -(-shape.group_outputs // LANES)
        pairs = -(-shape.taps // 2)
        calls = 2 if shape.group_outputs % LANES and blocks > 1 else 1
        copies = _windows_cost(shape, sum(counts))
        per_row = 70.0 + sum(counts) * (copies + 50.0 + 40.0 * calls)
        for count, pair_cost, block_cost in zip(
            counts, self.pair_costs, self.block_costs, strict=True
        ):
            per_row += count * blocks * (pairs * pair_cost + block_cost)
        return pixels / width * shape.groups * per_row


def _windows_cost(shape: Geometry, tiles: int) -> float:
    """Instructions that copy the windows of a tile, of which a row has `tiles`."""
    window = shape.window
    height, width = window["kernel_height"], window["kernel_width"]
    if run(shape):
        last = (window["out_width"] - 1) * window["stride_width"] - window["pad_left"]
        edges = (window["pad_left"] > 0) + (last + width > window["in_width"])
        return (35.0 + height * 20.0 + 3.5 * shape.taps) * (1.0 + 2.5 * edges / tiles)
    return PIXELS * (40.0 + height * width * (35.0 + 1.5 * shape.group_inputs))


def run(shape: Geometry) -> int:
    """Elements in a row of a window, if they are adjacent; otherwise 0."""
    if shape.groups > 1 or shape.window["dilation_width"] > 1:
        return 0
    return shape.window["kernel_width"] * shape.group_inputs


def tiles(width: int) -> tuple[int, int]:
    """How many threes and fours of pixels make a row, as the C code takes them."""
    threes = min(-width % PIXELS, -(-width // 3))
    return threes, max(width - 3 * threes, 0) // PIXELS


def pack(shape: Geometry, biases: Array) -> Array:
    """Weights and biases of all groups: see pack_blocks()."""
    grouped = shape.weights.reshape(shape.groups, shape.group_outputs, shape.taps)
    return pack_blocks(grouped, biases.reshape(shape.groups, shape.group_outputs))


def pack_blocks(weights: Array, biases: Array) -> Array:
    """[group, output, tap] and [group, output] as float32 [group][block] of [tap][LANES], and LANES
    biases; taps are an even number; what is missing is 0."""
    groups, outputs, taps = weights.shape
    blocks = -(-outputs // LANES)
    padded = np.zeros((groups, blocks * LANES, taps + taps % 2 + 1), np.float32)
    padded[:, :outputs, :taps] = weights
    padded[:, :outputs, -1] = biases
    return padded.reshape(groups, blocks, LANES, -1).swapaxes(2, 3).reshape(-1)


KERNELS = (Conv2DFloatFpu(),)
