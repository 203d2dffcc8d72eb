# SPDX-License-Identifier: Apache-2.0
"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED by CMSIS-NN with weights of 4 bits: for all int8
layers whose weights fit them, however the file holds them. They take half the bytes."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, Lowering
from microlith.kernels.cmsis_nn.filters import FilterKernel, filter_constants, filter_params
from microlith.kernels.cmsis_nn.fully_connected import FullyConnected
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources, variant
from microlith.kernels.cmsis_nn.scratch import conv_s4_scratch, is_plain
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.targets.target import Target


def too_wide(op: OpView) -> str | None:
    """Why weights do not fit 4 bits, or None if they do."""
    weights = op.input(1).data
    assert weights is not None
    if weights.min(initial=0) < -8 or weights.max(initial=0) > 7:
        return "is for weights from -8 to 7"
    return None


def packed(op: OpView) -> Constant:
    """`weights`: two to a byte, the lower half first, in the order of the file."""
    weights = op.input(1).data
    assert weights is not None
    halves: Array = weights.reshape(-1).astype(np.uint8) & 15
    halves = np.pad(halves, (0, len(halves) % 2))
    return Constant("weights", (halves[0::2] | halves[1::2] << 4).view(np.int8))


class NarrowFilterKernel(FilterKernel):
    """A convolution with packed weights."""

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or too_wide(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        size = self.scratch(variant(target), op)
        params = filter_params(op, geometry(op), size)
        return Lowering(
            params={**params, "weights": Const("weights")},
            constants=(packed(op), *filter_constants(op, self.biases(op))),
            scratch=size,
        )


_WIDEN = sources("NNSupportFunctions", "arm_q7_to_q15_with_offset")
_TWO_COLUMNS = (
    *sources("ConvolutionFunctions", "arm_nn_mat_mult_kernel_s4_s16"),
    *_WIDEN,
)

_PER_MAC = PerVariant(mve=0.4, dsp=2.0, scalar=4.5)
_PER_OUTPUT = PerVariant(mve=20.0, dsp=45.0, scalar=45.0)


class Conv2DInt4(NarrowFilterKernel):
    name = "conv_2d_s4_cmsis_nn"
    operators = ("CONV_2D",)
    function = "mr_cmsis_nn_conv_2d_s4"
    source = "conv_s4"
    common_sources = (
        *sources(
            "ConvolutionFunctions",
            "arm_convolve_1_x_n_s4",
            "arm_convolve_1x1_s4",
            "arm_convolve_1x1_s4_fast",
            "arm_convolve_get_buffer_sizes_s4",
            "arm_convolve_s4",
            "arm_convolve_wrapper_s4",
        ),
        *sources("NNSupportFunctions", "arm_nn_mat_mult_nt_t_s4"),
    )
    variant_sources = PerVariant(
        mve=(
            *sources(
                "ConvolutionFunctions",
                "arm_convolve_even_s4",
                "arm_convolve_get_buffer_sizes_s8",
            ),
            *sources(
                "NNSupportFunctions",
                "arm_nn_mat_mul_core_1x_s4",
                "arm_nn_mat_mult_nt_interleaved_t_even_s4",
            ),
        ),
        dsp=_TWO_COLUMNS,
        scalar=_TWO_COLUMNS,
    )

    def rejects(self, op: OpView) -> str | None:
        if geometry(op).groups > 1:
            return "is in groups, which CMSIS-NN does not know with int4 weights"
        return super().rejects(op)

    def scratch(self, kind: Variant, op: OpView) -> int:
        return conv_s4_scratch(kind, conv_window(op), op.input().shape[3])

    def cost(self, op: OpView, target: Target) -> float:
        per_output = geometry(op).taps * _PER_MAC.of(target) + _PER_OUTPUT.of(target)
        return op.output().elements * per_output


class DepthwiseConv2DInt4(NarrowFilterKernel):
    name = "depthwise_conv_2d_s4_cmsis_nn"
    operators = ("DEPTHWISE_CONV_2D",)
    function = "mr_cmsis_nn_depthwise_conv_2d_s4"
    source = "depthwise_s4"
    common_sources = sources(
        "ConvolutionFunctions",
        "arm_depthwise_conv_s4",
        "arm_depthwise_conv_s4_opt",
        "arm_depthwise_conv_wrapper_s4",
    )
    variant_sources = PerVariant(
        mve=sources("NNSupportFunctions", "arm_nn_depthwise_conv_nt_t_s4"),
        dsp=_WIDEN,
        scalar=_WIDEN,
    )

    def rejects(self, op: OpView) -> str | None:
        batches, _, _, channels = op.input().shape
        if is_plain(conv_window(op), batches, channels, op.output().shape[3]):
            return "has one output a channel, where CMSIS-NN is wrong with Helium"
        if channels % 2:
            return "has an odd number of channels, where CMSIS-NN is wrong"
        return super().rejects(op)

    def scratch(self, kind: Variant, op: OpView) -> int:
        return 0  # of the function for general depthwise convolutions

    def cost(self, op: OpView, target: Target) -> float:
        return op.output().elements * (25.0 * geometry(op).taps + 45.0)


class FullyConnectedInt4(FullyConnected):
    name = "fully_connected_s4_cmsis_nn"
    function = "mr_cmsis_nn_fully_connected_s4"
    params = "mr_cmsis_nn_fully_connected_s4_params"
    source = "fully_connected_s4"
    per_mac = PerVariant(mve=0.8, dsp=2.4, scalar=4.5)

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or too_wide(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        found = super().lower(op, target)
        layer = found.params["layer"]
        assert isinstance(layer, dict)
        return Lowering(
            params={**found.params, "layer": {**layer, "weights": Const("weights")}},
            constants=(packed(op), *found.constants),
        )


KERNELS = (Conv2DInt4(), DepthwiseConv2DInt4(), FullyConnectedInt4())
