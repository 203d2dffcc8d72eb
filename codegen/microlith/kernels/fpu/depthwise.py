# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D in single precision, for windows of three columns: three pixels and four
channels at a time."""

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
from microlith.kernels.fpu.conv import LANES
from microlith.kernels.fpu.output import limit_params
from microlith.kernels.portable.accumulate import float_biases
from microlith.kernels.portable.conv import conv_window
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target

PIXELS = 3
"""Output pixels that are computed together."""

COLUMNS = 3
"""Columns of a window."""


class DepthwiseFpu(Kernel):
    """Subclasses differ in the stride from column to column."""

    backend = "fpu"
    operators = ("DEPTHWISE_CONV_2D",)
    params = "mr_depthwise_conv_2d_f32_fpu_params"
    source = "depthwise"
    features = frozenset({"fpu"})
    stride: ClassVar[int]
    row_cost: ClassVar[float]
    """Instructions for a row of the window, in a tile and a block of channels."""

    column_cost: ClassVar[float] = 9.0
    """Those of them for a column that may lie outside the image."""

    block_cost: ClassVar[float] = 34.0
    """Those around them."""

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        window = conv_window(op)
        return wrong_weights(op, DType.FLOAT32) or self._rejects(window) or too_large(window)

    def _rejects(self, window: dict[str, int]) -> str | None:
        if window["kernel_width"] != COLUMNS or window["dilation_width"] != 1:
            return f"is for windows of {COLUMNS} adjacent columns"
        if window["stride_width"] != self.stride:
            return f"is for a stride of {self.stride}, not {window['stride_width']}"
        if window["out_width"] < PIXELS:
            return f"is for rows of at least {PIXELS} pixels, not {window['out_width']}"
        if max(window["pad_left"], overhang(window)) > 1:
            return "is for windows that reach over a side by one column at most"
        return None

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        window = conv_window(op)
        channels = op.output().shape[3]
        batches, height, _, _ = op.output().shape
        pointers = window["kernel_height"] * target.pointer_size
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": window,
                "weights": Const("weights"),
                "scratch": Scratch(),
                "channels": channels,
                "overhang": overhang(window),
                **limit_params(op),
            },
            constants=(Constant("weights", pack(weights, float_biases(op, channels))),),
            scratch=pointers + PIXELS * LANES * DType.FLOAT32.size,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        window = conv_window(op)
        channels = op.output().shape[3]
        blocks = -(-channels // LANES)
        tiles = -(-window["out_width"] // PIXELS)
        edges = (window["pad_left"] > 0) + overhang(window)
        row = tiles * self.row_cost - edges * self.column_cost
        rest = 30.0 if channels % LANES else 0.0
        around = tiles * (blocks * self.block_cost + rest + 50.0) + 80.0
        return op.input().shape[0] * (
            blocks * _rows_inside(window) * row + window["out_height"] * around
        )


class DepthwiseFloatFpu(DepthwiseFpu):
    name = "depthwise_conv_2d_f32_fpu"
    function = "mr_depthwise_conv_2d_f32_fpu"
    stride = 1
    row_cost = 90.0


class DepthwiseStride2FloatFpu(DepthwiseFpu):
    name = "depthwise_conv_2d_stride2_f32_fpu"
    function = "mr_depthwise_conv_2d_stride2_f32_fpu"
    stride = 2
    row_cost = 94.0


def _rows_inside(window: dict[str, int]) -> int:
    """Rows of the windows of a column of output pixels that lie inside the image."""
    tops = range(-window["pad_top"], window["in_height"], window["stride_height"])
    rows = (
        top + k * window["dilation_height"]
        for top in tops[: window["out_height"]]
        for k in range(window["kernel_height"])
    )
    return sum(0 <= row < window["in_height"] for row in rows)


def overhang(window: dict[str, int]) -> int:
    """Columns by which the last window reaches over the right side."""
    last = (window["out_width"] - 1) * window["stride_width"] - window["pad_left"]
    return max(last + window["kernel_width"] - window["in_width"], 0)


def pack(weights: Array, biases: Array) -> Array:
    """[1, row, column, channel] and biases as float32 [block] of [row][column][LANES], then LANES
    biases. With a rest of channels the last block is that of the last LANES channels."""
    channels = biases.size
    taps = np.concatenate([weights.reshape(-1, channels), biases.reshape(1, channels)])
    firsts = [*range(0, channels - LANES + 1, LANES)]
    if channels % LANES:
        firsts.append(channels - LANES)
    return np.concatenate([taps[:, first : first + LANES].reshape(-1) for first in firsts])


KERNELS = (DepthwiseFloatFpu(), DepthwiseStride2FloatFpu())
