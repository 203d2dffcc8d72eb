# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D with Helium: int8, a whole image of up to 16 pixels to one pixel."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import rejected
from microlith.kernels.helium.conv import VECTOR, outputs, scaled
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

CHANNELS = 8
"""Channels that have sums at a time."""


class DepthwiseConv2DSingleInt8Helium(Kernel):
    name = "depthwise_conv_2d_single_s8_helium"
    backend = "helium"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_single_s8_helium"
    params = "mr_depthwise_conv_2d_single_s8_helium_params"
    source = "depthwise_single"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels % VECTOR:
            return f"needs a multiple of {VECTOR} channels, not {channels}"
        window = conv_window(op)
        wrong = wrong_type(op, DType.INT8) or too_large(window | {"channels": channels})
        if wrong:
            return wrong
        image = window["in_height"], window["in_width"]
        covers = image == (window["kernel_height"], window["kernel_width"])
        single = window["out_height"] == window["out_width"] == 1
        pads = window["pad_top"] or window["pad_left"]
        dilated = window["dilation_height"] > 1 or window["dilation_width"] > 1
        if not covers or not single or pads or dilated or image[0] * image[1] > VECTOR:
            return f"is for windows that are the whole image, up to {VECTOR} pixels"
        return rejected(outputs(op, geometry(op)))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        weights, table = scaled(shape.weights, outputs(op, shape), op.output().zero_point)
        channels = len(weights)
        vectors = np.zeros((channels, VECTOR), np.int8)
        vectors[:, : shape.taps] = weights.reshape(channels, -1)
        least, most = activation_range(op.attributes.activation, op.output())
        batches = op.output().shape[0]
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "weights": Const("weights"),
                "outputs": Const("outputs"),
                "scratch": Scratch(),
                "height": shape.window["in_height"],
                "width": shape.window["in_width"],
                "channels": channels,
                "zero_point": op.output().zero_point,
                "least": least,
                "most": most,
            },
            constants=(
                Constant("weights", vectors.reshape(-1), alignment=16),
                Constant("outputs", pack_table(table)),
            ),
            scratch=VECTOR * (target.pointer_size + VECTOR),
            rows=batches,
        )

    def cost(self, op: OpView, target: Target) -> float:
        channels = op.output().shape[3]
        return op.output().shape[0] * (channels / VECTOR * 270.0 + 250.0)


def pack_table(table: Array) -> Array:
    """mr_helium_scaling [output] as [block of CHANNELS][3][even, then odd channels]."""
    blocks = table.astype(np.int32).reshape(-1, CHANNELS // 2, 2, 3)
    return np.ascontiguousarray(blocks.transpose(0, 3, 2, 1)).reshape(-1)


KERNELS = (DepthwiseConv2DSingleInt8Helium(),)
