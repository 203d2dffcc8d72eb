# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with Helium: int8, windows of 3 by 3, whose columns serve three of four pixels each."""

from __future__ import annotations

from microlith.ir.graph import DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import rejected
from microlith.kernels.helium.conv import PIXELS, VECTOR, outputs, pair_overhead, scaled
from microlith.kernels.helium.conv import pack as pack_pairs
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

SIDE = 3
"""Rows and columns of a window."""


class ThreeConv2DInt8Helium(Kernel):
    name = "conv_2d_three_s8_helium"
    backend = "helium"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_three_s8_helium"
    params = "mr_conv_2d_three_s8_helium_params"
    source = "conv_three"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        w = shape.window
        if (w["kernel_height"], w["kernel_width"]) != (SIDE, SIDE):
            return f"is for windows of {SIDE} by {SIDE}"
        if w["stride_width"] != 1 or w["dilation_width"] != 1:
            return "is for windows that are neither dilated nor more than a pixel apart in width"
        inputs, channels = op.input().shape[3], op.output().shape[3]
        if inputs % VECTOR or channels % 2:
            return f"needs a multiple of {VECTOR} input channels and an even number of outputs"
        if w["out_width"] < PIXELS:
            return f"needs {PIXELS} pixels in a row, not {w['out_width']}"
        extents = conv_window(op) | {"channels": max(inputs, channels)}
        return too_large(extents) or rejected(outputs(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        weights, table = scaled(shape.weights, outputs(op, shape), op.output().zero_point)
        chunked = weights.reshape(*weights.shape[:3], -1, VECTOR).swapaxes(2, 3)
        constants = [Constant("weights", pack_pairs(chunked, table), alignment=16)]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        columns = _columns(shape)
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "chunks": _chunks(shape),
                "columns": columns,
                "out_channels": channels,
                "zero_point": op.output().zero_point,
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=SIDE * (target.pointer_size + _chunks(shape) * columns * VECTOR),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        batches, height, width, channels = op.output().shape
        blocks = SIDE * _chunks(shape)
        pair = 37.0 * blocks + blocks + pair_overhead(op) + 5.0
        copies = blocks * (4.0 * width + 30.0)
        row = -(-width // PIXELS) * (channels / 2.0 * pair + 50.0) + copies + 120.0
        return batches * height * row


def _chunks(shape: Geometry) -> int:
    return shape.group_inputs // VECTOR


def _columns(shape: Geometry) -> int:
    """Under an output row."""
    return max(int(shape.window["out_width"]) + SIDE - 1, int(shape.window["pad_left"]))


KERNELS = (ThreeConv2DInt8Helium(),)
