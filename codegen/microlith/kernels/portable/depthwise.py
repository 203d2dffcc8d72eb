# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D in portable C, for as many outputs as inputs. Other depthwise convolutions are
grouped ones: see conv.py."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

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
from microlith.kernels.portable.accumulate import channel_multipliers, float_biases, folded_biases
from microlith.kernels.portable.conv import (
    LANES,
    Geometry,
    conv_window,
    float_output_params,
    geometry,
    int8_limits,
    int8_output_params,
    padding_row,
)
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target


class DepthwiseKernel(Kernel):
    """A depthwise convolution over bands of rows."""

    source = "depthwise"
    operators = ("DEPTHWISE_CONV_2D",)
    dtype: ClassVar[DType]

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        if channels != op.output().shape[3]:
            return f"is for one output a channel, not {op.output().shape[3] // channels}"
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        return self.wrong_types(op) or too_large(conv_window(op))

    def wrong_types(self, op: OpView) -> str | None:
        """Why the types of activations and weights are not this kernel's, or None if they are."""
        return wrong_weights(op, self.dtype)

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        shape = geometry(op)
        constants = [
            Constant("weights", weights.reshape(-1)),
            *self.output_constants(op, shape.weights),
        ]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)[: op.input().shape[3]]))
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={"conv": depthwise_params(op, shape), **self.output_params(op)},
            constants=tuple(constants),
            scratch=pointer_bytes(shape, target),
            rows=batches * height,
        )

    @abstractmethod
    def output_constants(self, op: OpView, weights: Array) -> tuple[Constant, ...]:
        """Constants that make outputs of sums: `biases` and others."""

    @abstractmethod
    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        """Parameters that make outputs of sums."""

    def cost(self, op: OpView, target: Target) -> float:
        taps = geometry(op).taps
        channels = op.output().shape[3]
        pixels = op.output().elements / channels
        return pixels * (channels * (4.5 * taps + 42.0) + 8.0 * taps + 60.0)


def depthwise_params(op: OpView, shape: Geometry) -> dict[str, Argument]:
    """Values of an mr_depthwise_conv_2d."""
    return {
        "input": InRows(0),
        "output": OutRows(),
        "window": shape.window,
        "weights": Const("weights"),
        "biases": Const("biases"),
        "padding": Const("padding") if shape.pads else 0,
        "scratch": Scratch(),
        "channels": op.input().shape[3],
    }


def pointer_bytes(shape: Geometry, target: Target) -> int:
    """Scratch for a pointer to each row and to each tap of a window."""
    return (shape.window["kernel_height"] + shape.taps) * target.pointer_size


class DepthwiseConv2DInt8(DepthwiseKernel):
    name = "depthwise_conv_2d_s8"
    function = "mr_depthwise_conv_2d_s8"
    params = "mr_depthwise_conv_2d_s8_params"
    dtype = DType.INT8

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or int8_limits(op)

    def output_constants(self, op: OpView, weights: Array) -> tuple[Constant, ...]:
        biases = Constant("biases", folded_biases(op, weights))
        return (biases, *channel_multipliers(op, weights.shape[0]))

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return int8_output_params(op)


class DepthwiseConv2DFloat(DepthwiseKernel):
    name = "depthwise_conv_2d_f32"
    function = "mr_depthwise_conv_2d_f32"
    params = "mr_depthwise_conv_2d_f32_params"
    dtype = DType.FLOAT32

    def output_constants(self, op: OpView, weights: Array) -> tuple[Constant, ...]:
        return (Constant("biases", float_biases(op, weights.shape[0])),)

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return float_output_params(op)


KERNELS = (DepthwiseConv2DInt8(), DepthwiseConv2DFloat())
