# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D of 3 x 3 taps at stride 1 with SMLAD: int8, two output rows at a time."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch
from microlith.kernels.dsp.depthwise import LANES, REACH, block_channels, unfit
from microlith.kernels.dsp.output import plain_biases
from microlith.kernels.dsp.scaled import Scaling, scaled_constants
from microlith.kernels.portable.conv import Geometry, geometry, padding_row
from microlith.targets.target import Target

COLUMN_BYTES = 32
"""Of a widened column."""

SHAPE = {
    "kernel_height": 3, "kernel_width": 3, "stride_height": 1, "stride_width": 1,
    "dilation_height": 1, "dilation_width": 1,
}  # fmt: skip


class Depthwise3x3Int8Dsp(Kernel):
    name = "depthwise_conv_2d_3x3_s8_dsp"
    backend = "dsp"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_3x3_s8_dsp"
    params = "mr_depthwise_conv_2d_3x3_s8_dsp_params"
    source = "depthwise_3x3"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        shape = geometry(op)
        if any(shape.window[name] != value for name, value in SHAPE.items()):
            return "is for 3 x 3 taps at stride 1"
        reason = unfit(op)
        if reason is None:
            scalings = _scalings(op, shape)
            reason = scalings if isinstance(scalings, str) else None
        return reason

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        scalings = _scalings(op, shape)
        assert not isinstance(scalings, str), scalings
        biases = plain_biases(op, len(scalings))
        constants = [Constant("channels", pack_channels(shape.weights, biases, scalings))]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        batches, height, width, channels = op.output().shape
        columns = width + 2
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "channels_of_blocks": Const("channels"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "channels": channels,
                "pad_right": columns - shape.window["in_width"] - shape.window["pad_left"],
                "input_offset": -op.input().zero_point,
            },
            constants=tuple(constants),
            scratch=columns * COLUMN_BYTES,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        batches, height, width, channels = op.output().shape
        channel = width * 24.5 + 20.0
        block = LANES * channel + width * 22.0 + 30.0
        return batches * -(-height // 2) * (-(-channels // LANES) * block + 130.0)


def pack_channels(weights: Array, biases: Array, scalings: list[Scaling]) -> Array:
    """int32 [block][LANES][9]: multiplier, offset, weights of rows 0 and 1 for each column, of rows
    1 and 2 for each column, bias. `weights` are [channel, 3, 3, 1]."""
    alive = np.array([not scaling.dead for scaling in scalings], np.int64)
    raise_by = np.array([1 << scaling.up for scaling in scalings], np.int64) * alive
    taps = weights.reshape(-1, 3, 3) * raise_by[:, None, None]
    low = taps & 0xFFFF
    table = np.empty((len(scalings), 9), np.int64)
    table[:, 0] = [scaling.multiplier for scaling in scalings]
    table[:, 1] = [scaling.offset for scaling in scalings]
    table[:, 2:5] = low[:, 0] + (taps[:, 1] << 16)
    table[:, 5:8] = low[:, 1] + (taps[:, 2] << 16)
    table[:, 8] = biases * raise_by
    return table.astype(np.int32)[block_channels(len(scalings))].reshape(-1)


def _scalings(op: OpView, shape: Geometry) -> list[Scaling] | str:
    weights = shape.weights
    return scaled_constants(op, weights, plain_biases(op, weights.shape[0]), REACH)


KERNELS = (Depthwise3x3Int8Dsp(),)
