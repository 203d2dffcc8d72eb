# SPDX-License-Identifier: Apache-2.0
"""CONV_2D by CMSIS-NN."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.kernels.cmsis_nn.filters import FilterKernel, group_defect, one_row_defect
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources
from microlith.kernels.cmsis_nn.scratch import conv_scratch, is_pointwise
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.targets.target import Target

CONV_SOURCES = (
    *sources(
        "ConvolutionFunctions",
        "arm_convolve_1_x_n_s8",
        "arm_convolve_1x1_s8",
        "arm_convolve_1x1_s8_fast",
        "arm_convolve_s8",
        "arm_convolve_wrapper_s8",
    ),
    *sources("NNSupportFunctions", "arm_nn_mat_mult_nt_t_s8"),
)

_TWO_COLUMNS = sources(
    "ConvolutionFunctions",
    "arm_nn_mat_mult_kernel_row_offset_s8_s16",
    "arm_nn_mat_mult_kernel_s8_s16",
)


_PER_MAC = PerVariant(mve=0.17, dsp=1.6, scalar=2.85)
_PER_OUTPUT = PerVariant(mve=14.0, dsp=45.0, scalar=40.0)
_PER_COPY = PerVariant(mve=31.0, dsp=55.0, scalar=55.0)
"""Instructions to gather one pixel under a window."""


def conv_cost(op: OpView, target: Target) -> float:
    """Estimated instructions of arm_convolve_wrapper_s8."""
    shape, outputs = geometry(op), op.output().elements
    copies = 0.0
    if not is_pointwise(shape.window):
        pixels = shape.window["kernel_height"] * shape.window["kernel_width"]
        copies = shape.groups * pixels * outputs / op.output().shape[3]
    per_output = shape.taps * _PER_MAC.of(target) + _PER_OUTPUT.of(target)
    return outputs * per_output + copies * _PER_COPY.of(target)


class Conv2D(FilterKernel):
    name = "conv_2d_s8_cmsis_nn"
    operators = ("CONV_2D",)
    function = "mr_cmsis_nn_conv_2d_s8"
    source = "conv"
    common_sources = CONV_SOURCES
    variant_sources = PerVariant(
        mve=(),
        dsp=(
            *_TWO_COLUMNS,
            *sources("NNSupportFunctions", "arm_s8_to_s16_unordered_with_offset"),
        ),
        scalar=(*_TWO_COLUMNS, *sources("NNSupportFunctions", "arm_q7_to_q15_with_offset")),
    )

    def rejects(self, op: OpView) -> str | None:
        reason = super().rejects(op) or group_defect(op)
        return reason or one_row_defect(op, op.input().shape[3])

    def scratch(self, kind: Variant, op: OpView) -> int:
        return conv_scratch(kind, conv_window(op), op.input().shape[3])

    def cost(self, op: OpView, target: Target) -> float:
        return conv_cost(op, target)


KERNELS = (Conv2D(),)
