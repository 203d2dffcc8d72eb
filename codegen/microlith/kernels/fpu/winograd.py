# SPDX-License-Identifier: Apache-2.0
"""CONV_2D in single precision with Winograd's F(2 x 2, 3 x 3), where nothing is quantised.

Results differ from the reference's in their last bits. A quantised number of a later layer could
move by a whole step with them, so that graphs which quantise keep to the other kernels. Outputs
with an upper limit are left out: errors are in proportion to the sums, which it may cut off.
"""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import (
    Const,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    Scratch,
    wrong_weights,
)
from microlith.kernels.fpu.conv import LANES, pack_blocks
from microlith.kernels.fpu.output import limit_params
from microlith.kernels.portable.accumulate import float_biases
from microlith.kernels.portable.conv import geometry
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target

TILES = 4
"""Tiles of 2 x 2 output pixels that are computed together."""

PLACES = 16
"""Products of a tile and a pair of channels."""

COLUMNS = 2 * TILES + 2
"""Columns of inputs under the tiles."""

FILTER_TRANSFORM = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])

QUANTISED = (DType.INT8, DType.UINT8, DType.INT16)


class Conv2DWinogradFloatFpu(Kernel):
    name = "conv_2d_winograd_f32_fpu"
    backend = "fpu"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_winograd_f32_fpu"
    params = "mr_conv_2d_winograd_f32_fpu_params"
    source = "winograd"
    features = frozenset({"fpu"})
    rows_at_once = 2

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_weights(op, DType.FLOAT32)
        if wrong:
            return wrong
        if any(tensor.dtype in QUANTISED for tensor in op.tensors):
            return "is for graphs without quantised tensors"
        if limit_params(op)["clamped"]:
            return "is for outputs without an upper limit, beside which sums may be large"
        shape = geometry(op)
        window = shape.window
        kernel = (window["kernel_height"], window["kernel_width"])
        ones = ("stride_height", "stride_width", "dilation_height", "dilation_width")
        if shape.groups != 1 or kernel != (3, 3) or any(window[name] != 1 for name in ones):
            return "is for windows of 3 x 3 at stride 1"
        channels = (op.input().shape[3], op.output().shape[3])
        if any(count % LANES for count in channels):
            return f"is for channels in multiples of {LANES}, not {channels[0]} and {channels[1]}"
        return too_large(window | {"channels": max(channels)})

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        batches, height, _, outputs = op.output().shape
        inputs = op.input().shape[3]
        at_once = outputs_at_once(inputs, outputs)
        behind = max(4 * COLUMNS * inputs, TILES * PLACES * at_once)
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "biases": Const("biases"),
                "scratch": Scratch(),
                "in_channels": inputs,
                "out_channels": outputs,
                "outputs_at_once": at_once,
                "rectified": limit_params(op)["rectified"],
            },
            constants=(
                Constant("weights", pack(shape.weights)),
                Constant("biases", float_biases(op, outputs)),
            ),
            scratch=(TILES * PLACES * inputs + behind) * DType.FLOAT32.size,
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        batches, height, width, outputs = op.output().shape
        inputs = op.input().shape[3]
        tiles = -(-width // 2)
        passes = -(-outputs // outputs_at_once(inputs, outputs))
        products = outputs / LANES * (inputs / 2 * 67.5 + 33.0) + 60.0 * passes
        group = PLACES * products + TILES * (46.0 * inputs + 50.0 * outputs + 400.0) + 400.0
        return batches * -(-height // 2) * -(-tiles // TILES) * group


def outputs_at_once(inputs: int, outputs: int) -> int:
    """Output channels whose sums take no more scratch than inputs did before; equal shares of whole
    blocks."""
    most = max(4 * COLUMNS * inputs // (TILES * PLACES) // LANES, 1)
    blocks = outputs // LANES
    passes = -(-blocks // most)
    return -(-blocks // passes) * LANES


def pack(weights: Array) -> Array:
    """[output, 3, 3, input] as float32 [place] of pack_blocks() without biases; computed in double
    precision."""
    transformed = np.einsum(
        "ia,jb,oabc->ijoc", FILTER_TRANSFORM, FILTER_TRANSFORM, weights.astype(np.float64)
    )
    outputs, inputs = weights.shape[0], weights.shape[3]
    places = transformed.astype(np.float32).reshape(PLACES, outputs, inputs)
    return pack_blocks(places, np.zeros((PLACES, outputs), np.float32))


KERNELS = (Conv2DWinogradFloatFpu(),)
