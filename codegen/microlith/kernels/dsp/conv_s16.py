# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with SMLAD: int16 with int8 weights, windows of three pixels side by side."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch
from microlith.kernels.dsp.output_s16 import output_rows
from microlith.kernels.portable.accumulate_s16 import wrong_types
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

PIXELS = 3
"""Output pixels that are computed together."""

BLOCK = 4
"""Elements in a word of weights."""

PLACES = (0, 2, 1, 3)
"""Elements of a block in the order of its bytes: SXTB16 widens bytes 0 and 2, or 1 and 3."""


class Conv2DInt16Dsp(Kernel):
    name = "conv_2d_s16_dsp"
    backend = "dsp"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_s16_dsp"
    params = "mr_conv_2d_s16_dsp_params"
    source = "conv_s16"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_types(op):
            return reason
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], op.output().shape[3])}
        if reason := too_large(extents):
            return reason
        rows = output_rows(op, shape.weights)
        return rows if isinstance(rows, str) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        rows = output_rows(op, shape.weights)
        assert not isinstance(rows, str), rows
        constants = [
            Constant("weights", pack_pairs(shape.weights).reshape(-1), alignment=4),
            Constant("outputs", rows.reshape(-1)),
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
                "outputs": Const("outputs"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "in_channels": op.input().shape[3],
                "out_channels": op.output().shape[3],
                "blocks": blocks(shape),
                "gathers": int(gathers(shape)),
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=scratch(shape, target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        pixels = op.output().elements / channels
        copied = blocks(shape) * (9.0 if gathers(shape) else 5.0)
        products = -(-channels // 2) * (blocks(shape) * 21.5 + 125.0) / PIXELS
        return pixels * (copied + products + 45.0)


def blocks(shape: Geometry) -> int:
    """Words of four weights for a window."""
    return -(-shape.taps // BLOCK)


def gathers(shape: Geometry) -> bool:
    """Whether all windows have to be gathered: rows of a window are not whole blocks."""
    run = shape.window["kernel_width"] * shape.group_inputs
    return run % BLOCK != 0 or shape.window["dilation_width"] > 1


def scratch(shape: Geometry, target: Target) -> int:
    """Bytes of row pointers, of three windows, and of a gathered one where any is."""
    window = blocks(shape) * BLOCK * 2
    gathered = window if gathers(shape) or shape.has_broken_windows else 0
    return shape.window["kernel_height"] * target.pointer_size + PIXELS * window + gathered


def pack_pairs(weights: Array) -> Array:
    """[output, ...] → [pair of outputs][block][2][PLACES], filled up with zeros."""
    outputs = weights.shape[0]
    taps = weights.reshape(outputs, -1)
    padded = np.zeros((-(-outputs // 2) * 2, -(-taps.shape[1] // BLOCK) * BLOCK), np.int8)
    padded[:outputs, : taps.shape[1]] = taps
    blocked = padded.reshape(padded.shape[0] // 2, 2, -1, BLOCK)[..., PLACES]
    return np.ascontiguousarray(blocked.swapaxes(1, 2))


KERNELS = (Conv2DInt16Dsp(),)
