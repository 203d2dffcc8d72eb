# SPDX-License-Identifier: Apache-2.0
"""CONV_2D and DEPTHWISE_CONV_2D of int16 with int8 weights in portable C."""

from __future__ import annotations

from collections.abc import Mapping

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const
from microlith.kernels.portable.accumulate import channel_multipliers
from microlith.kernels.portable.accumulate_s16 import (
    factors_too_large,
    narrow_bias,
    reduced_constants,
    sums_too_large,
    wide_biases,
    wrong_types,
)
from microlith.kernels.portable.conv import ConvKernel, Geometry, geometry, pack_biases
from microlith.kernels.portable.depthwise import DepthwiseKernel
from microlith.kernels.quantize_math import activation_range


class Conv2DInt16(ConvKernel):
    name = "conv_2d_s16"
    function = "mr_conv_2d_s16"
    params = "mr_conv_2d_s16_params"
    source = "conv_s16"
    dtype = DType.INT16
    instructions_per_mac = 2.3
    instructions_per_output = 65.0

    def wrong_types(self, op: OpView) -> str | None:
        return wrong_types(op)

    def rejects(self, op: OpView) -> str | None:
        if narrow_bias(op):
            return "is for biases of 64 bits"
        return super().rejects(op) or limits(op)

    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        outputs = shape.weights.shape[0]
        return (grouped_biases(op, shape), *reduced_constants(op, outputs))

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return int16_output_params(op)


class Conv2DNarrowInt16(Conv2DInt16):
    name = "conv_2d_narrow_s16"
    function = "mr_conv_2d_narrow_s16"

    def rejects(self, op: OpView) -> str | None:
        if not narrow_bias(op):
            return "is for biases of 32 bits"
        return super(Conv2DInt16, self).rejects(op) or limits(op)

    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        outputs = shape.weights.shape[0]
        return (grouped_biases(op, shape), *channel_multipliers(op, outputs))


class DepthwiseConv2DInt16(DepthwiseKernel):
    name = "depthwise_conv_2d_s16"
    function = "mr_depthwise_conv_2d_s16"
    params = "mr_depthwise_conv_2d_s16_params"
    source = "depthwise_s16"
    dtype = DType.INT16

    def wrong_types(self, op: OpView) -> str | None:
        return wrong_types(op)

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or limits(op)

    def output_constants(self, op: OpView, weights: Array) -> tuple[Constant, ...]:
        outputs = weights.shape[0]
        return (Constant("biases", wide_biases(op, outputs)), *reduced_constants(op, outputs))

    def output_params(self, op: OpView) -> Mapping[str, Argument]:
        return int16_output_params(op)


def limits(op: OpView) -> str | None:
    """Why a 16x8 convolution cannot be computed as the reference does, or None."""
    return sums_too_large(op, geometry(op).weights) or factors_too_large(op)


def grouped_biases(op: OpView, shape: Geometry) -> Constant:
    """`biases`, in 64 bits, packed like the weights."""
    biases = wide_biases(op, shape.weights.shape[0])
    return Constant("biases", pack_biases(biases, shape.groups))


def int16_output_params(op: OpView) -> dict[str, Argument]:
    """Parameters that make int16 outputs of sums."""
    least, most = activation_range(op.attributes.activation, op.output())
    return {
        "multipliers": Const("multipliers"),
        "shifts": Const("shifts"),
        "least": least,
        "most": most,
    }


KERNELS = (Conv2DInt16(), Conv2DNarrowInt16(), DepthwiseConv2DInt16())
