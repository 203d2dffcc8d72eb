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

LANES = 16
"""Channels that are computed together, unless there are only `FEW`."""

FEW = 8

TILE = 8
"""Outputs of a channel that are computed together."""

WORDS = 4
"""Columns of a vector, rows of a column."""

MOST_COLUMNS = 64
"""Columns of strips that are computed together, unless a strip alone has more."""

FARTHEST = 0x7FFF
"""Largest distance between outputs that are computed together."""


@dataclass(frozen=True)
class Layout:
    """How words are laid out: see the parameters in depthwise.h."""

    group: int
    strips: int
    strip_columns: int
    strip_rows: int
    strip_inputs: int
    rows: int
    outputs: int
    """Of all strips, with those between them."""
    per_load: int
    advance: int
    tall: bool = False

    @property
    def tiles(self) -> int:
        return -(-self.outputs // TILE)

    @property
    def columns(self) -> int:
        """That are written or read."""
        loads = self.tiles * TILE // self.per_load
        return max((loads - 1) * self.advance + WORDS, self.strips * self.strip_columns)

    def scratch(self, target: Target) -> int:
        """Bytes of words, places and row pointers."""
        words = self.columns * self.group * WORDS
        return words + 2 * TILE * self.tiles + WORDS * self.strips * target.pointer_size


class DepthwiseConv2DInt8Helium(Kernel):
    rows_at_once = 2
    name = "depthwise_conv_2d_s8_helium"
    backend = "helium"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_s8_helium"
    params = "mr_depthwise_conv_2d_s8_helium_params"
    source = "depthwise"
    features = frozenset({"mve"})

    def step_cost(self, op: OpView) -> float:
        return 600.0 + 50.0 * op.output().shape[3]

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels < LANES and channels != FEW:
            return f"needs {FEW} channels, or {LANES} and more, not {channels}"
        wrong = wrong_type(op, DType.INT8) or too_large(conv_window(op) | {"channels": channels})
        if wrong:
            return wrong
        shape = geometry(op)
        if layout(shape) is None:
            return (
                "is for windows up to 3 by 3 with a stride of 1, up to 4 by 4 with one of 2 in "
                "width, and for columns of up to 13 rows; and for rows that are not too far apart"
            )
        return rejected(_table(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        plan = layout(shape)
        assert plan is not None, "rejects() was not asked"
        table = _table(op, shape)
        assert not isinstance(table, str), table
        packed, first = pack(shape.weights)
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        constants = [
            Constant("weights", packed, alignment=16),
            Constant("outputs", to_the_left(table)[:channels].reshape(-1)),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "outputs": Const("outputs"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "channels": channels,
                "group": plan.group,
                "strips": plan.strips,
                "strip_columns": plan.strip_columns,
                "strip_rows": plan.strip_rows,
                "strip_inputs": plan.strip_inputs,
                "rows": plan.rows,
                "columns": plan.columns,
                "tiles": plan.tiles,
                "tall": int(plan.tall),
                "per_load": plan.per_load,
                "advance": plan.advance,
                "first": first,
                "rectified": int(least >= op.output().zero_point),
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=plan.scratch(target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        plan = layout(shape)
        assert plan is not None, "rejects() was not asked"
        batches, height, _, channels = op.output().shape
        passes = batches * -(-height // plan.rows)
        groups = -(-channels // plan.group)
        least, _ = activation_range(op.attributes.activation, op.output())
        any_output = 0.0 if least >= op.output().zero_point else 4.0
        tile = (25.0 if plan.per_load == WORDS else 31.0) + any_output
        vectors = plan.strips * shape.window["in_width"] * plan.group / LANES
        moved = groups * (plan.strips * 12.0 + vectors * 13.0 + 75.0)
        shared = plan.strips * 70.0 + plan.outputs * 6.0 + 250.0
        return passes * (channels * (plan.tiles * tile + 24.0) + moved + shared)


def layout(shape: Geometry) -> Layout | None:
    """The layout of words for a convolution, or None for one that the kernel does not compute."""
    w = shape.window
    kernel = w["kernel_height"], w["kernel_width"]
    stride = w["stride_height"], w["stride_width"]
    if w["dilation_height"] != 1 or w["dilation_width"] != 1:
        return None
    if w["in_width"] == w["out_width"] == kernel[1] == 1 and stride[0] == 1:
        return _tall(shape)
    if stride == (1, 1) and max(kernel) <= 3:
        return _strips(shape, rows=2, per_load=4)
    if stride[1] == 2 and max(kernel) <= WORDS:
        return _strips(shape, rows=1, per_load=1)
    return None


def _tall(shape: Geometry) -> Layout | None:
    """One column of words for an image that is a column."""
    height, kernel, channels = (
        shape.window["out_height"], shape.window["kernel_height"], shape.groups
    )  # fmt: skip
    rows = min(height, MOST_COLUMNS * WORDS - kernel, FARTHEST // channels)
    if kernel > 13 or channels < LANES or rows < 1:
        return None
    words = -(-(rows + kernel - 1) // WORDS)
    return Layout(LANES, words, 1, rows, WORDS, rows, rows, per_load=4, advance=1, tall=True)


def _strips(shape: Geometry, *, rows: int, per_load: int) -> Layout | None:
    """Strips of `rows` output rows. Padding on the right of one may be that on the left of the
    next."""
    w = shape.window
    stride, channels = w["stride_width"], shape.groups
    group = FEW if channels == FEW else LANES
    needed = (w["out_width"] - 1) * stride + w["kernel_width"]
    right = max(needed - w["pad_left"] - w["in_width"], 0)
    columns = -(-(needed - min(w["pad_left"], right)) // stride) * stride
    if min(w["in_width"], columns - w["pad_left"]) * group < LANES:
        return None
    total = -(-w["out_height"] // rows)
    most = min(
        max(1, MOST_COLUMNS * LANES // (columns * group)),
        FARTHEST // (w["out_width"] * channels * rows),
    )
    if most == 0:
        return None
    strips = -(-total // -(-total // most))
    outputs = ((strips - 1) * columns // stride + w["out_width"]) * rows
    inputs = rows * w["stride_height"]
    return Layout(
        group, strips, columns, rows, inputs, strips * rows, outputs, per_load, advance=2
    )  # fmt: skip


def _table(op: OpView, shape: Geometry) -> Array | str:
    """See output_table: the zero point is folded into the biases."""
    return output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)


def pack(weights: Array) -> tuple[Array, int]:
    """[channel, row, column, 1] as a vector for each channel, taps at its end in columns of words,
    and a last vector of zeros; and where taps begin."""
    channels, height, width, _ = weights.shape
    length = (width - 1) * WORDS + height
    window = np.zeros((channels, width, max(WORDS, height)), np.int8)
    window[:, :, :height] = weights[:, :, :, 0].swapaxes(1, 2)
    vectors = np.zeros((channels + 1, VECTOR), np.int8)
    vectors[:channels, VECTOR - length :] = window.reshape(channels, -1)[:, :length]
    return vectors.reshape(-1), VECTOR - length


KERNELS = (DepthwiseConv2DInt8Helium(),)
