# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D by CMSIS-NN."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.kernels.cmsis_nn.conv import CONV_SOURCES, conv_cost
from microlith.kernels.cmsis_nn.filters import FilterKernel, one_row_defect
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources, variant
from microlith.kernels.cmsis_nn.scratch import becomes_conv, depthwise_scratch
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.targets.target import Target

_THREE_BY_THREE = sources("ConvolutionFunctions", "arm_depthwise_conv_3x3_s8")


# Instructions a tap and an output, of the library's functions: in general; for as many outputs as
# inputs; for a multiple of four outputs an input.
_GENERAL = (25.0, 45.0)
_ONE_FOR_ONE = PerVariant(mve=(1.2, 8.0), dsp=(8.0, 10.0), scalar=(14.0, 10.0))
_FOUR_FOR_ONE = (3.2, 62.0)

_PER_COPY = 29.0
"""Instructions with Helium to gather one pixel under a window."""


class DepthwiseConv2D(FilterKernel):
    name = "depthwise_conv_2d_s8_cmsis_nn"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_cmsis_nn_depthwise_conv_2d_s8"
    source = "depthwise"
    common_sources = sources(
        "ConvolutionFunctions",
        "arm_convolve_get_buffer_sizes_s8",
        "arm_depthwise_conv_get_buffer_sizes_s8",
        "arm_depthwise_conv_s8",
        "arm_depthwise_conv_s8_opt",
        "arm_depthwise_conv_wrapper_s8",
    )
    variant_sources = PerVariant(
        mve=(
            *CONV_SOURCES,
            *sources("NNSupportFunctions", "arm_nn_depthwise_conv_nt_t_s8"),
            *sources("TransposeFunctions", "arm_transpose_s8"),
        ),
        dsp=(
            *_THREE_BY_THREE,
            *sources("NNSupportFunctions", "arm_q7_to_q15_with_offset"),
        ),
        scalar=_THREE_BY_THREE,
    )

    def rejects(self, op: OpView) -> str | None:
        channels = op.input().shape[3]
        defect = None
        if becomes_conv(channels, op.output().shape[3]):
            defect = one_row_defect(op, channels)
        return super().rejects(op) or defect

    def scratch(self, kind: Variant, op: OpView) -> int:
        batches, _, _, channels = op.input().shape
        return depthwise_scratch(kind, conv_window(op), batches, channels, op.output().shape[3])

    def cost(self, op: OpView, target: Target) -> float:
        kind = variant(target)
        batches, _, _, channels = op.input().shape
        outputs, taps = op.output().shape[3], geometry(op).taps
        if kind == "mve" and becomes_conv(channels, outputs):
            return conv_cost(op, target)
        window = conv_window(op)
        plain = batches == window["dilation_height"] == window["dilation_width"] == 1
        per_tap, per_output = _GENERAL
        if plain and channels == outputs:
            per_tap, per_output = _ONE_FOR_ONE.of(target)
            if kind == "mve":
                per_tap += _PER_COPY / channels
        elif plain and outputs // channels % 4 == 0:
            per_tap, per_output = _FOUR_FOR_ONE
        return op.output().elements * (per_tap * taps + per_output)


KERNELS = (DepthwiseConv2D(),)
