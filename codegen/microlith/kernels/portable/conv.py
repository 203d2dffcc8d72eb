# SPDX-License-Identifier: Apache-2.0
"""CONV_2D in portable C, and the depthwise convolutions that its kernels compute best."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
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
    wrong_weights,
)
from microlith.kernels.portable.accumulate import (
    MOST_PRODUCTS,
    channel_multipliers,
    factor_too_large,
    float_biases,
    folded_biases,
)
from microlith.kernels.portable.window import too_large, window_params
from microlith.kernels.quantize_math import activation_range, float_activation_range
from microlith.ops.conv import ConvAttributes, conv_extents
from microlith.targets.target import Target

LANES = 4
"""Output channels that are computed together."""

SHORT_RUN = 32
"""Elements of a window's row below which windows are gathered."""


@dataclass(frozen=True)
class Geometry:
    """A convolution in groups of channels; a depthwise one has a group for each input channel.
    `weights` are [output, row, column, input of the group]."""

    window: dict[str, int]
    weights: Array
    groups: int

    @property
    def group_inputs(self) -> int:
        return int(self.weights.shape[3])

    @property
    def group_outputs(self) -> int:
        return int(self.weights.shape[0]) // self.groups

    @property
    def taps(self) -> int:
        """Products of one output."""
        return int(self.weights[0].size)

    @property
    def pads(self) -> bool:
        """Whether some window reaches over a side of the image."""
        return any(_reaches_out(self.window, axis) for axis in ("height", "width"))

    @property
    def gathers(self) -> bool:
        """Whether all windows are to be gathered: those that are no rectangles of whole pixels, and
        those of so short runs that a copy costs less than their many loops."""
        rows, columns = self.window["kernel_height"], self.window["kernel_width"]
        short = rows > 1 and columns * self.group_inputs < SHORT_RUN
        return short or self.groups > 1 or self.window["dilation_width"] > 1

    @property
    def needs_copies(self) -> bool:
        """Whether some window is gathered."""
        return self.gathers or _reaches_out(self.window, "width")

    @property
    def has_broken_windows(self) -> bool:
        """Whether some window is no rectangle of the image: it reaches over a side, or is dilated
        in width."""
        return _reaches_out(self.window, "width") or self.window["dilation_width"] > 1

    @property
    def joins_rows(self) -> bool:
        """Whether output pixels depend on the one input pixel in the same place."""
        w = self.window
        ones = ("kernel_height", "kernel_width", "stride_height", "stride_width")
        return self.groups == 1 and all(w[name] == 1 for name in ones)


def _reaches_out(window: Mapping[str, int], axis: str) -> bool:
    before = window["pad_top" if axis == "height" else "pad_left"]
    last = (window[f"out_{axis}"] - 1) * window[f"stride_{axis}"] - before
    reach = (window[f"kernel_{axis}"] - 1) * window[f"dilation_{axis}"]
    return before > 0 or last + reach >= window[f"in_{axis}"]


def geometry(op: OpView) -> Geometry:
    """Of a CONV_2D or DEPTHWISE_CONV_2D that keeps its rules."""
    weights = op.input(1).data
    assert weights is not None
    channels = op.input().shape[3]
    if op.op.kind == "DEPTHWISE_CONV_2D":
        return Geometry(conv_window(op), weights.transpose(3, 1, 2, 0), channels)
    return Geometry(conv_window(op), weights, channels // weights.shape[3])


def conv_window(op: OpView) -> dict[str, int]:
    """Values of an mr_window."""
    a: ConvAttributes = op.attributes
    _, height, width, _ = op.input(1).shape
    return window_params(
        op,
        conv_extents(op),
        (height, width),
        (a.stride_height, a.stride_width),
        (a.dilation_height, a.dilation_width),
    )


def pack_biases(biases: Array, groups: int) -> Array:
    """Biases [output] as [group][block][LANES], filled up with zeros like the weights."""
    return pack(biases.reshape(-1, 1), groups).reshape(-1)


def pack(weights: Array, groups: int) -> Array:
    """Weights [output, ...] as [group][block][...][LANES]; the last block of a group is filled up
    with zeros."""
    group_outputs = weights.shape[0] // groups
    blocks = -(-group_outputs // LANES)
    grouped = weights.reshape(groups, group_outputs, -1)
    padded = np.zeros((groups, blocks * LANES, grouped.shape[2]), weights.dtype)
    padded[:, :group_outputs] = grouped
    return padded.reshape(groups, blocks, LANES, -1).swapaxes(2, 3)


class ConvKernel(Kernel):
    """A convolution over bands of rows."""

    joins_rows = True
    source = "conv"
    operators = ("CONV_2D", "DEPTHWISE_CONV_2D")
    dtype: ClassVar[DType]
    instructions_per_mac: ClassVar[float]
    """In the innermost loop on Cortex-M4."""

    instructions_per_output: ClassVar[float]
    """Around that loop."""

    def rejects(self, op: OpView) -> str | None:
        channels = max(op.input().shape[3], op.output().shape[3])
        extents = conv_window(op) | {"channels": channels}
        return self.wrong_types(op) or too_large(extents)

    def wrong_types(self, op: OpView) -> str | None:
        """Why the types of activations and weights are not this kernel's, or None if they are."""
        return wrong_weights(op, self.dtype)

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        constants = [
            Constant("weights", pack(shape.weights, shape.groups).reshape(-1)),
            *self.output_constants(op, shape),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={"conv": conv_params(op, shape), **self.output_params(op)},
            constants=tuple(constants),
            scratch=self.scratch(shape, target),
            rows=batches * height,
        )

    def scratch(self, shape: Geometry, target: Target) -> int:
        """Bytes of row pointers and of two gathered windows with a pointer to each."""
        windows = 2 * shape.taps * self.dtype.size if shape.needs_copies else 0
        return (shape.window["kernel_height"] + 2) * target.pointer_size + windows

    @abstractmethod
    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        """Constants that make outputs of sums: `biases` and others."""

    @abstractmethod
    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        """Parameters that make outputs of sums."""

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        lanes = -(-shape.group_outputs // LANES) * LANES
        gathered = 6.0 * shape.taps if shape.needs_copies else 0.0
        per_lane = shape.taps * self.instructions_per_mac + self.instructions_per_output
        pixels = op.output().elements / op.output().shape[3]
        return pixels * shape.groups * (lanes * per_lane + gathered + 60.0)


def padding_row(op: OpView) -> Array:
    """Zero points, as many as the input has elements in a row."""
    source = op.input()
    zero_point = 0 if source.dtype.is_float else source.zero_point
    return np.full(source.shape[2] * source.shape[3], zero_point, source.dtype.numpy)


def conv_params(op: OpView, shape: Geometry) -> dict[str, Argument]:
    """Values of an mr_conv_2d."""
    return {
        "input": InRows(0),
        "output": OutRows(),
        "window": shape.window,
        "weights": Const("weights"),
        "biases": Const("biases"),
        "padding": Const("padding") if shape.pads else 0,
        "scratch": Scratch(),
        "in_channels": op.input().shape[3],
        "groups": shape.groups,
        "group_inputs": shape.group_inputs,
        "group_outputs": shape.group_outputs,
        "gathers": int(shape.gathers),
        "joins_rows": int(shape.joins_rows),
    }


class Conv2DInt8(ConvKernel):
    name = "conv_2d_s8"
    function = "mr_conv_2d_s8"
    params = "mr_conv_2d_s8_params"
    dtype = DType.INT8
    instructions_per_mac = 1.75
    instructions_per_output = 55.0

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or int8_limits(op)

    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        biases = Constant("biases", pack_biases(folded_biases(op, shape.weights), shape.groups))
        return (biases, *channel_multipliers(op, shape.weights.shape[0]))

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return int8_output_params(op)


class Conv2DFloat(ConvKernel):
    name = "conv_2d_f32"
    function = "mr_conv_2d_f32"
    params = "mr_conv_2d_f32_params"
    dtype = DType.FLOAT32
    instructions_per_mac = 3.1
    instructions_per_output = 25.0

    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        biases = float_biases(op, shape.weights.shape[0])
        return (Constant("biases", pack_biases(biases, shape.groups)),)

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return float_output_params(op)


def int8_limits(op: OpView) -> str | None:
    """Why an int8 convolution does not fit 32-bit accumulators, or None."""
    taps = op.input(1).elements // op.output().shape[3]
    if taps > MOST_PRODUCTS:
        return f"sums {taps} products an output, more than {MOST_PRODUCTS}"
    return factor_too_large(op)


def int8_output_params(op: OpView) -> dict[str, Argument]:
    """Parameters that make int8 outputs of accumulators."""
    least, most = activation_range(op.attributes.activation, op.output())
    return {
        "multipliers": Const("multipliers"),
        "shifts": Const("shifts"),
        "output_zero_point": op.output().zero_point,
        "least": least,
        "most": most,
    }


def float_output_params(op: OpView) -> dict[str, Argument]:
    """Parameters that make float outputs of sums."""
    least, most = float_activation_range(op.attributes.activation)
    return {"least": least, "most": most}


KERNELS = (Conv2DInt8(), Conv2DFloat())
