# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D by CMSIS-NN."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.kernels.cmsis_nn.conv import CONV_SOURCES
from microlith.kernels.cmsis_nn.filters import FilterKernel, one_row_defect
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources
from microlith.kernels.cmsis_nn.scratch import becomes_conv, depthwise_scratch
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.targets.target import Target

_THREE_BY_THREE = sources("ConvolutionFunctions", "arm_depthwise_conv_3x3_s8")


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
    per_mac = PerVariant(mve=0.8, dsp=3.0, scalar=8.0)
    per_output = PerVariant(mve=10.0, dsp=20.0, scalar=30.0)

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
        taps, outputs = geometry(op).taps, op.output().elements
        return outputs * (taps * self.per_mac.of(target) + self.per_output.of(target))


KERNELS = (DepthwiseConv2D(),)
