# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D with SMLAD: int8, one output a channel, any window."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import output_constant, output_table, plain_biases, rejected
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

LANES = 4
"""Channels of a block."""

REACH = 255
"""Largest magnitude of an input less its zero point."""


class DepthwiseConv2DInt8Dsp(Kernel):
    name = "depthwise_conv_2d_s8_dsp"
    backend = "dsp"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_s8_dsp"
    params = "mr_depthwise_conv_2d_s8_dsp_params"
    source = "depthwise"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        return unfit(op) or rejected(table(op, geometry(op)))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        constants = [
            Constant("weights", pack_pairs(shape.weights), alignment=4),
            output_constant(table(op, shape)),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        pointers = shape.window["kernel_height"] + shape.taps + 1
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
                "input_offset": -op.input().zero_point,
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=pointers * target.pointer_size,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        batches, height, width, channels = op.output().shape
        block = -(-shape.taps // 2) * 17.0 + 57.0
        pixel = -(-channels // LANES) * block + 4.0 * shape.taps + 60.0
        row = 60.0 + shape.window["kernel_height"] * 44.0
        return batches * height * (width * pixel + row)


def unfit(op: OpView) -> str | None:
    """Why depthwise kernels that compute blocks of channels cannot run `op`, or None."""
    channels = op.input().shape[3]
    if channels != op.output().shape[3]:
        return f"is for one output a channel, not {op.output().shape[3] // channels}"
    if channels < LANES:
        return f"needs at least {LANES} channels, not {channels}"
    extents = conv_window(op) | {"channels": channels}
    return wrong_type(op, DType.INT8) or too_large(extents)


def table(op: OpView, shape: Geometry) -> Array | str:
    """See output_table: the zero point is added to the inputs."""
    weights = shape.weights
    return output_table(op, weights, plain_biases(op, weights.shape[0]), REACH)


def block_channels(channels: int) -> Array:
    """Channels of all blocks, [block][LANES]: the last block ends with the last channel."""
    first = np.minimum(np.arange(0, channels, LANES), channels - LANES)
    return first[:, None] + np.arange(LANES)


def pack_pairs(weights: Array) -> Array:
    """[channel, ...] → int16 [block][pair of taps][LANES][2], an odd tap with a zero."""
    channels = weights.shape[0]
    taps = weights.reshape(channels, -1)
    padded = np.zeros((channels, -(-taps.shape[1] // 2) * 2), np.int16)
    padded[:, : taps.shape[1]] = taps
    blocks = padded[block_channels(channels)].reshape(-1, LANES, padded.shape[1] // 2, 2)
    return blocks.swapaxes(1, 2)


KERNELS = (DepthwiseConv2DInt8Dsp(),)
