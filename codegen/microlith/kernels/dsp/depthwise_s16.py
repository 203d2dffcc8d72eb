# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D with SMLABB and SMLATT: int16 with int8 weights, as many outputs as inputs."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Kernel, Lowering
from microlith.kernels.dsp.output_s16 import output_rows
from microlith.kernels.portable.accumulate_s16 import wrong_types
from microlith.kernels.portable.conv import LANES, conv_window, geometry, padding_row
from microlith.kernels.portable.depthwise import depthwise_params, pointer_bytes
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class DepthwiseConv2DInt16Dsp(Kernel):
    name = "depthwise_conv_2d_s16_dsp"
    backend = "dsp"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_s16_dsp"
    params = "mr_depthwise_conv_2d_s16_dsp_params"
    source = "depthwise_s16"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_types(op):
            return reason
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        if reason := too_large(conv_window(op)):
            return reason
        rows = output_rows(op, geometry(op).weights)
        return rows if isinstance(rows, str) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        rows = output_rows(op, shape.weights)
        assert not isinstance(rows, str), rows
        constants = [
            Constant("weights", pack_blocks(shape.weights).reshape(-1), alignment=4),
            Constant("biases", rows.reshape(-1)),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)[: op.input().shape[3]]))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={"conv": depthwise_params(op, shape), "least": least, "most": most},
            constants=tuple(constants),
            scratch=pointer_bytes(shape, target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        taps = geometry(op).taps
        channels = op.output().shape[3]
        pixels = op.output().elements / channels
        blocks = -(-channels // LANES)
        return pixels * (blocks * (12.0 * taps + 60.0) + 8.0 * taps + 60.0)


def pack_blocks(weights: Array) -> Array:
    """[channel, ...] → int16 [block of channels][tap][LANES]; the last block ends with the last
    channel."""
    channels = weights.shape[0]
    taps = weights.reshape(channels, -1).astype(np.int16)
    starts = [min(first, channels - LANES) for first in range(0, channels, LANES)]
    return np.stack([taps[start : start + LANES].T for start in starts])


KERNELS = (DepthwiseConv2DInt16Dsp(),)
