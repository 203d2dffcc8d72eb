# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with Helium: int8, four pixels and two output channels at a time."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import output_table, rejected
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

VECTOR = 16
"""Elements of a vector."""

PIXELS = 4
"""Output pixels that are computed together."""

CHANNELS = 4
"""Output channels that are stored together."""

REACH = 128
"""Largest magnitude of an input."""


class Conv2DInt8Helium(Kernel):
    name = "conv_2d_s8_helium"
    backend = "helium"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_s8_helium"
    params = "mr_conv_2d_s8_helium_params"
    source = "conv"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        if shape.window["dilation_width"] > 1:
            return "is for windows that are not dilated in width"
        channels = op.output().shape[3]
        if channels % CHANNELS:
            return f"needs a multiple of {CHANNELS} output channels, not {channels}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], channels)}
        return too_large(extents) or rejected(outputs(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        constants = [
            Constant(
                "weights", pack(shape.weights.swapaxes(1, 2), outputs(op, shape)), alignment=16
            )
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
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "in_channels": op.input().shape[3],
                "out_channels": op.output().shape[3],
                "chunks": chunks(shape),
                "strips": strips(shape),
                "strip_bytes": strip_bytes(shape),
                "rectified": int(least >= op.output().zero_point),
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=scratch_bytes(shape, target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        four = channels / CHANNELS * (28.0 * chunks(shape) + 50.0)
        pixels = op.output().elements / channels
        columns = strip_bytes(shape) / (shape.window["kernel_height"] * shape.group_inputs)
        copies = columns * shape.window["kernel_height"] * (6.0 + shape.group_inputs / 8.0)
        copied = copies * pixels / shape.window["out_width"] if strips(shape) else 0.0
        return pixels * (four / PIXELS + 25.0) + copied


def outputs(op: OpView, shape: Geometry) -> Array | str:
    """mr_helium_output of each channel, or why that would not be exact: see output_table. The zero
    point is folded into the biases."""
    table = output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)
    return table if isinstance(table, str) else to_the_left(table)


def to_the_left(table: Array) -> Array:
    """Rows of an output_table as mr_helium_output has them: its shifts are to the left."""
    signs = np.array([1, 1, 1, -1], np.int32)
    shifted: Array = table * signs
    return shifted


def chunks(shape: Geometry) -> int:
    """Vectors of a window."""
    return -(-shape.taps // VECTOR)


def strips(shape: Geometry) -> int:
    """Strips with the columns under an output row: none where all windows are runs of whole vectors
    of the image, otherwise as many as the rows that a group of pixels may spread over."""
    window = shape.window
    broken = window["kernel_height"] > 1 or shape.has_broken_windows
    if not broken and shape.taps % VECTOR == 0:
        return 0
    width = window["out_width"]
    return 1 if width % PIXELS == 0 else 1 + -(-(PIXELS - 1) // width)


def strip_bytes(shape: Geometry) -> int:
    """Of the columns under an output row."""
    window = shape.window
    columns = (window["out_width"] - 1) * window["stride_width"] + window["kernel_width"]
    columns = max(columns, window["pad_left"])
    return columns * window["kernel_height"] * shape.group_inputs


def scratch_bytes(shape: Geometry, target: Target) -> int:
    """Row pointers and strips, with the rest of a vector that begins in the last one."""
    pointers = shape.window["kernel_height"] * target.pointer_size
    count = strips(shape)
    return pointers + (count * strip_bytes(shape) + VECTOR if count else 0)


def pack(weights: Array, table: Array | str) -> Array:
    """Weights [output, ...] and the outputs' table as bytes: for each pair of outputs, weights
    [chunk][2][VECTOR] filled up with zeros, then the pair's rows of the table."""
    assert not isinstance(table, str), table
    pairs = weights.shape[0] // 2
    taps = weights.reshape(weights.shape[0], -1)
    padded = np.zeros((weights.shape[0], -(-taps.shape[1] // VECTOR) * VECTOR), np.int8)
    padded[:, : taps.shape[1]] = taps
    chunked = padded.reshape(pairs, 2, -1, VECTOR).swapaxes(1, 2).reshape(pairs, -1)
    rows = np.ascontiguousarray(table.astype("<i4")).view(np.int8).reshape(pairs, -1)
    return np.concatenate([chunked, rows], axis=1).reshape(-1)


KERNELS = (Conv2DInt8Helium(),)
