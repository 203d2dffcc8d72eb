# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D with Helium: int8, one output a channel, windows that fit a vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import output_table, rejected
from microlith.kernels.helium.conv import REACH, VECTOR, to_the_left
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

LANES = 8
"""Channels that are computed together, and outputs of a tile."""

MOST_COLUMNS = 96
"""Columns of strips that are computed together, unless a strip alone has more."""


@dataclass(frozen=True)
class Layout:
    """How planes are laid out: see the parameters in depthwise.h."""

    strips: int
    strip_columns: int
    strip_rows: int
    pitch: int
    step: int
    shifts: tuple[int, ...]
    outputs: int
    """Of all strips, with those between them."""

    @property
    def tiles(self) -> int:
        return -(-self.outputs // LANES)

    @property
    def plane_bytes(self) -> int:
        """Of the inputs of all tiles."""
        loads = self.tiles * LANES // len(self.shifts)
        read = (loads - 1) * self.step + VECTOR
        return max(read, self.strips * self.strip_columns * self.pitch)


class DepthwiseConv2DInt8Helium(Kernel):
    name = "depthwise_conv_2d_s8_helium"
    backend = "helium"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_s8_helium"
    params = "mr_depthwise_conv_2d_s8_helium_params"
    source = "depthwise"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels % LANES:
            return f"needs a multiple of {LANES} channels, not {channels}"
        wrong = wrong_type(op, DType.INT8) or too_large(conv_window(op) | {"channels": channels})
        if wrong:
            return wrong
        shape = geometry(op)
        plan = layout(shape)
        if plan is None:
            return "is for windows up to 3 by 3 with a stride of 1 or 2, and columns up to 13 by 1"
        if (LANES - 1) * max(plan.plane_bytes, plan.tiles * LANES) > 0xFFFF:
            return "its planes are too far apart"
        return rejected(_table(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        plan = layout(shape)
        assert plan is not None, "rejects() was not asked"
        table = _table(op, shape)
        assert not isinstance(table, str), table
        packed, first = pack(shape.weights, plan)
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        pointers = plan.strips * plan.pitch * target.pointer_size
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "outputs": Const("outputs"),
                "padding": Const("padding"),
                "scratch": Scratch(),
                "channels": channels,
                "strips": plan.strips,
                "strip_columns": plan.strip_columns,
                "strip_rows": plan.strip_rows,
                "pitch": plan.pitch,
                "plane_bytes": plan.plane_bytes,
                "tiles": plan.tiles,
                "per_load": len(plan.shifts),
                "step": plan.step,
                "first": first,
                "shifts": (*plan.shifts, 0, 0)[:4],
                "rectified": int(least >= op.output().zero_point),
                "least": least,
                "most": most,
            },
            constants=(
                Constant("weights", packed, alignment=16),
                Constant("outputs", to_the_left(table)[:channels].reshape(-1)),
                Constant("padding", padding_row(op)),
            ),
            scratch=pointers + LANES * (plan.plane_bytes + LANES * plan.tiles),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        plan = layout(shape)
        assert plan is not None, "rejects() was not asked"
        _, _, width, channels = op.output().shape
        strips = op.output().elements / (width * channels * plan.strip_rows)
        tiles = strips / plan.strips * plan.tiles
        rows = plan.pitch * 3.5 * shape.window["in_width"] + plan.strip_rows * 4.5 * width
        moved = strips * channels / LANES * (rows + 80.0)
        return channels * tiles * 30.0 + moved


def layout(shape: Geometry) -> Layout | None:
    """The layout of planes for a convolution, or None for one that the kernel does not compute."""
    w = shape.window
    kernel = w["kernel_height"], w["kernel_width"]
    stride = w["stride_height"], w["stride_width"]
    if w["dilation_height"] != 1 or w["dilation_width"] != 1:
        return None
    if w["in_width"] == w["out_width"] == kernel[1] == 1 and stride[0] == 1 and kernel[0] <= 13:
        rows = w["out_height"]
        columns = kernel[0] + rows - 1
        return Layout(1, 1, rows, columns, 4, (0, 1, 2, 3), rows)
    if max(kernel) > 3:
        return None
    if stride == (1, 1):
        return _strips(shape, rows=2, pitch=4, step=8, shifts=(0, 1, 4, 5))
    if stride[1] == 2:
        return _strips(shape, rows=1, pitch=3, step=12, shifts=(0, 6))
    return None


def _strips(
    shape: Geometry, *, rows: int, pitch: int, step: int, shifts: tuple[int, ...]
) -> Layout:
    """Strips of `rows` output rows. Padding on the right of one may be that on the left of the
    next."""
    w = shape.window
    stride = w["stride_width"]
    needed = (w["out_width"] - 1) * stride + w["kernel_width"]
    right = max(needed - w["pad_left"] - w["in_width"], 0)
    columns = -(-(needed - min(w["pad_left"], right)) // stride) * stride
    strips = max(1, min(-(-w["out_height"] // rows), MOST_COLUMNS // columns))
    outputs = ((strips - 1) * columns // stride + w["out_width"]) * rows
    return Layout(strips, columns, rows, pitch, step, shifts, outputs)


def _table(op: OpView, shape: Geometry) -> Array | str:
    """See output_table: the zero point is folded into the biases."""
    return output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)


def pack(weights: Array, plan: Layout) -> tuple[Array, int]:
    """[channel, row, column, 1] as vectors for the channels, taps at their ends in columns of
    `pitch` bytes, and a last vector of zeros; and where taps begin."""
    channels, height, width, _ = weights.shape
    length = (width - 1) * plan.pitch + height
    window = np.zeros((channels, width, max(plan.pitch, height)), np.int8)
    window[:, :, :height] = weights[:, :, :, 0].swapaxes(1, 2)
    vectors = np.zeros((channels + 1, VECTOR), np.int8)
    vectors[:channels, VECTOR - length :] = window.reshape(channels, -1)[:, :length]
    return vectors.reshape(-1), VECTOR - length


KERNELS = (DepthwiseConv2DInt8Helium(),)
