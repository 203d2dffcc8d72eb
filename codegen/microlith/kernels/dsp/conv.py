# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with SMLAD: int8, weights as in the file, windows of three pixels widened to 16 bits."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import (
    Argument,
    Const,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    Scratch,
    wrong_type,
)
from microlith.kernels.dsp.output import (
    output_constant,
    output_table,
    plain_biases,
    rejected,
    scaled_table,
)
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

PIXELS = 3
"""Output pixels that are computed together."""

BLOCK = 4
"""Taps in a word of weights."""

SMLAL_CYCLES = 1.9
"""Of an instruction of kernels with SMLAL, which load many registers at once."""

WIDENED = 255
"""Largest magnitude of an input less its zero point."""


class PixelConvolution(Kernel):
    """An int8 convolution in one group of channels that computes three pixels and two output
    channels at a time. Subclasses say how weights are packed and sums become outputs."""

    pixels_at_once = 3
    backend = "dsp"
    operators = ("CONV_2D",)
    pair_cost: ClassVar[float] = 75.0
    """Instructions that make outputs of the sums of two channels and three pixels."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], op.output().shape[3])}
        return too_large(extents) or rejected(self.table(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        constants = [self.weights(shape), output_constant(self.table(op, shape))]
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
                "least": least,
                "most": most,
                **self.own_params(op, shape),
            },
            constants=tuple(constants),
            scratch=self.scratch(shape, target),
            rows=batches * height,
        )

    @abstractmethod
    def weights(self, shape: Geometry) -> Constant:
        """The packed weights."""

    @abstractmethod
    def table(self, op: OpView, shape: Geometry) -> Array | str:
        """How sums become outputs, or why they cannot: see output_table."""

    @abstractmethod
    def own_params(self, op: OpView, shape: Geometry) -> dict[str, Argument]:
        """Parameters that others do not have."""

    @abstractmethod
    def scratch(self, shape: Geometry, target: Target) -> int:
        """Bytes of row pointers and windows."""


class Conv2DInt8Dsp(PixelConvolution):
    name = "conv_2d_s8_dsp"
    function = "mr_conv_2d_s8_dsp"
    params = "mr_conv_2d_s8_dsp_params"
    source = "conv"
    features = frozenset({"dsp"})

    def weights(self, shape: Geometry) -> Constant:
        return Constant("weights", pack_pairs(shape.weights), alignment=4)

    def table(self, op: OpView, shape: Geometry) -> Array | str:
        """Inputs are widened without their zero point."""
        biases = plain_biases(op, op.output().shape[3])
        return output_table(op, shape.weights, biases, WIDENED)

    def own_params(self, op: OpView, shape: Geometry) -> dict[str, Argument]:
        return {"gathers": int(gathers(shape)), "input_offset": -op.input().zero_point}

    def scratch(self, shape: Geometry, target: Target) -> int:
        """Row pointers, three widened windows, and a gathered one where any is."""
        words = blocks(shape)
        gathered = words * BLOCK if gathers(shape) or shape.has_broken_windows else 0
        pointers = shape.window["kernel_height"] * target.pointer_size
        return pointers + PIXELS * words * BLOCK * 2 + gathered

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        pairs = -(-channels // 2)
        pixels = op.output().elements / channels
        widened = blocks(shape) * (10.0 if gathers(shape) else 6.0)
        products = pairs * (blocks(shape) * 21.5 + self.pair_cost) / PIXELS
        return pixels * (widened + products + 30.0)


def blocks(shape: Geometry) -> int:
    """Words of four taps in a window."""
    return -(-shape.taps // BLOCK)


def gathers(shape: Geometry) -> bool:
    """Whether all windows have to be gathered: rows of a window are not whole words."""
    run = shape.window["kernel_width"] * shape.group_inputs
    return run % BLOCK != 0 or shape.window["dilation_width"] > 1


def pack_pairs(weights: Array) -> Array:
    """[output, ...] → [pair of outputs][block][2][BLOCK], filled up with zeros."""
    outputs = weights.shape[0]
    taps = weights.reshape(outputs, -1)
    padded = np.zeros((-(-outputs // 2) * 2, -(-taps.shape[1] // BLOCK) * BLOCK), np.int8)
    padded[:outputs, : taps.shape[1]] = taps
    return padded.reshape(padded.shape[0] // 2, 2, -1, BLOCK).swapaxes(1, 2)


class Conv2DInt8DspScaled(Conv2DInt8Dsp):
    name = "conv_2d_s8_dsp_scaled"
    function = "mr_conv_2d_s8_dsp_scaled"
    pair_cost = 63.0

    def table(self, op: OpView, shape: Geometry) -> Array | str:
        biases = plain_biases(op, op.output().shape[3])
        return scaled_table(op, shape.weights, biases, WIDENED)


KERNELS = (Conv2DInt8DspScaled(), Conv2DInt8Dsp())
