# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D with Helium: int16 with int8 weights, as many outputs as inputs."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import OpView
from microlith.ir.program import Constant
from microlith.kernels.base import In, Kernel, Lowering
from microlith.kernels.dsp.output_s16 import output_rows
from microlith.kernels.portable.accumulate_s16 import wrong_types
from microlith.kernels.portable.conv import conv_window, geometry, padding_row
from microlith.kernels.portable.depthwise import depthwise_params, pointer_bytes
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

LANES = 4
"""Channels of a vector."""


class DepthwiseConv2DInt16Helium(Kernel):
    name = "depthwise_conv_2d_s16_helium"
    backend = "helium"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_depthwise_conv_2d_s16_helium"
    params = "mr_depthwise_conv_2d_s16_helium_params"
    source = "depthwise_s16"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_types(op):
            return reason
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if reason := too_large(conv_window(op)):
            return reason
        rows = output_rows(op, geometry(op).weights)
        return rows if isinstance(rows, str) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        rows = output_rows(op, shape.weights)
        assert not isinstance(rows, str), rows
        table = np.pad(rows, ((0, -len(rows) % LANES), (0, 0)))
        constants = [Constant("biases", table.reshape(-1))]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)[: op.input().shape[3]]))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={
                "conv": depthwise_params(op, shape) | {"weights": In(1)},
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=pointer_bytes(shape, target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        taps = geometry(op).taps
        channels = op.output().shape[3]
        pixels = op.output().elements / channels
        blocks = -(-channels // LANES)
        return pixels * (blocks * (9.0 * taps + 65.0) + 8.0 * taps + 60.0)


KERNELS = (DepthwiseConv2DInt16Helium(),)
