# SPDX-License-Identifier: Apache-2.0
"""CONV_2D and DEPTHWISE_CONV_2D of int16 with int8 weights by CMSIS-NN."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.cmsis_nn.filters import FilterKernel
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources
from microlith.kernels.cmsis_nn.limits import overflows
from microlith.kernels.cmsis_nn.scratch import conv_s16_scratch, depthwise_s16_scratch, is_fast_s16
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.accumulate_s16 import (
    LARGEST_INPUT,
    factors_too_large,
    narrow_bias,
    sum_bounds,
    wide_biases,
    wrong_types,
)
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target

FAST_PRODUCTS = 512
"""Products an output up to which the library's loops are one."""


class WideFilterKernel(FilterKernel):
    """A convolution of int16 elements with biases of 64 bits."""

    def rejects(self, op: OpView) -> str | None:
        channels = max(op.input().shape[3], op.output().shape[3])
        extents = conv_window(op) | {"channels": channels, "batches": op.input().shape[0]}
        reason = wrong_types(op) or too_large(extents) or factors_too_large(op)
        return reason or self.sums_defect(op)

    def sums_defect(self, op: OpView) -> str | None:
        """Why sums could leave the bits that the library has for them, or None: products add up in
        32 bits, and scaled sums, doubled, too."""
        weights = geometry(op).weights
        outputs = weights.shape[0]
        spans = np.abs(weights.reshape(outputs, -1).astype(np.int64)).sum(axis=1)
        if int(spans.max()) * LARGEST_INPUT >= 1 << 31:
            return "sums of products could leave 32 bits"
        factors = output_factors(op)
        scaled = [
            bound * factor
            for bound, factor in zip(
                sum_bounds(op, weights), factors * (outputs // len(factors)), strict=True
            )
        ]
        return "scaled sums could leave 31 bits" if max(scaled) >= 2.0**30 - 1 else None

    def biases(self, op: OpView) -> Array:
        return wide_biases(op, op.output().shape[3])


_PER_MAC = PerVariant(mve=0.3, dsp=1.6, scalar=4.6)
_PER_OUTPUT = PerVariant(mve=35.0, dsp=45.0, scalar=45.0)
_PER_COPY = PerVariant(mve=31.0, dsp=45.0, scalar=45.0)
"""Instructions to gather one pixel under a window."""


class Conv2DInt16(WideFilterKernel):
    name = "conv_2d_s16_cmsis_nn"
    operators = ("CONV_2D",)
    function = "mr_cmsis_nn_conv_2d_s16"
    source = "conv_s16"
    common_sources = sources("ConvolutionFunctions", "arm_convolve_s16", "arm_convolve_wrapper_s16")
    variant_sources = PerVariant(
        mve=sources("NNSupportFunctions", "arm_nn_mat_mult_nt_t_s16"),
        dsp=sources("ConvolutionFunctions", "arm_nn_mat_mult_kernel_s16"),
        scalar=sources("ConvolutionFunctions", "arm_nn_mat_mult_kernel_s16"),
    )

    def rejects(self, op: OpView) -> str | None:
        if narrow_bias(op):
            return "is for biases of 64 bits"
        return super().rejects(op) or shape_defect(op)

    def scratch(self, kind: Variant, op: OpView) -> int:
        return conv_s16_scratch(kind, conv_window(op), op.input().shape[3])

    def cost(self, op: OpView, target: Target) -> float:
        shape, outputs = geometry(op), op.output().elements
        pixels = shape.window["kernel_height"] * shape.window["kernel_width"]
        copies = pixels * outputs / op.output().shape[3]
        per_output = shape.taps * _PER_MAC.of(target) + _PER_OUTPUT.of(target)
        return outputs * per_output + copies * _PER_COPY.of(target)


class Conv2DNarrowInt16(Conv2DInt16):
    """With biases of 32 bits."""

    name = "conv_2d_narrow_s16_cmsis_nn"
    function = "mr_cmsis_nn_conv_2d_narrow_s16"

    def rejects(self, op: OpView) -> str | None:
        if not narrow_bias(op):
            return "is for biases of 32 bits"
        return WideFilterKernel.rejects(self, op) or shape_defect(op)

    def sums_defect(self, op: OpView) -> str | None:
        return overflows(op, geometry(op).weights, LARGEST_INPUT)

    def biases(self, op: OpView) -> Array:
        return wide_biases(op, op.output().shape[3]).astype(np.int32)


def shape_defect(op: OpView) -> str | None:
    """Why the library cannot run a convolution of this shape, or None."""
    shape = geometry(op)
    if shape.groups > 1:
        return "is in groups, which CMSIS-NN does not know in int16"
    if shape.taps > FAST_PRODUCTS and op.output().shape[3] % 2:
        return f"has an odd output of more than {FAST_PRODUCTS} products, where CMSIS-NN is wrong"
    return None


_FAST = PerVariant(mve=(1.2, 25.0), dsp=(5.0, 25.0), scalar=(26.0, 60.0))
_GENERAL = (26.0, 60.0)
"""Instructions a tap and an output."""


class DepthwiseConv2DInt16(WideFilterKernel):
    name = "depthwise_conv_2d_s16_cmsis_nn"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_cmsis_nn_depthwise_conv_2d_s16"
    source = "depthwise_s16"
    common_sources = sources(
        "ConvolutionFunctions",
        "arm_depthwise_conv_fast_s16",
        "arm_depthwise_conv_get_buffer_sizes_s16",
        "arm_depthwise_conv_s16",
        "arm_depthwise_conv_wrapper_s16",
    )
    variant_sources = PerVariant(
        mve=sources("NNSupportFunctions", "arm_nn_depthwise_conv_nt_t_s16"), dsp=(), scalar=()
    )

    def scratch(self, kind: Variant, op: OpView) -> int:
        channels, outputs = op.input().shape[3], op.output().shape[3]
        return depthwise_s16_scratch(kind, conv_window(op), channels, outputs)

    def cost(self, op: OpView, target: Target) -> float:
        fast = is_fast_s16(conv_window(op), op.input().shape[3], op.output().shape[3])
        per_tap, per_output = _FAST.of(target) if fast else _GENERAL
        return op.output().elements * (per_tap * geometry(op).taps + per_output)


KERNELS = (Conv2DInt16(), Conv2DNarrowInt16(), DepthwiseConv2DInt16())
