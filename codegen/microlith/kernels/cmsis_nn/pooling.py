# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D by CMSIS-NN."""

from __future__ import annotations

from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import In, Lowering, Out, Scratch, wrong_type
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, PerVariant, Variant, sources, variant
from microlith.kernels.cmsis_nn.scratch import average_pool_scratch
from microlith.kernels.portable.pooling import MOST_TAPS, pool_window, taps
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

PER_PIXEL = 40.0
"""Instructions for each pixel under a window, besides those for its channels."""


class PoolKernel(CmsisNNKernel):
    """A pool; of int8 elements, unless a subclass says otherwise."""

    params = "mr_cmsis_nn_pool_params"
    dtype: ClassVar[DType] = DType.INT8
    most_taps: ClassVar[int] = MOST_TAPS
    """Elements of a window whose sum surely fits 32 bits."""

    per_tap: ClassVar[PerVariant[float]]
    """Instructions for each element under a window."""

    per_output: ClassVar[PerVariant[float]]
    """Instructions around them."""

    def rejects(self, op: OpView) -> str | None:
        batches, _, _, channels = op.input().shape
        if taps(op) > self.most_taps:
            return f"has windows of {taps(op)} elements, more than {self.most_taps}"
        extents = pool_window(op) | {"channels": channels, "batches": batches}
        return wrong_type(op, self.dtype) or too_large(extents)

    def scratch(self, kind: Variant, channels: int) -> int:
        """Bytes that the library asks for."""
        return 0

    def lower(self, op: OpView, target: Target) -> Lowering:
        least, most = activation_range(op.attributes.activation, op.output())
        batches, _, _, channels = op.input().shape
        size = self.scratch(variant(target), channels)
        return Lowering(
            params={
                "input": In(0),
                "output": Out(),
                "scratch": Scratch() if size else 0,
                "scratch_size": size,
                "window": pool_window(op),
                "batches": batches,
                "channels": channels,
                "least": least,
                "most": most,
            },
            scratch=size,
        )

    def cost(self, op: OpView, target: Target) -> float:
        per_output = self.per_tap.of(target) * taps(op) + self.per_output.of(target)
        pixels = op.output().elements / op.output().shape[3]
        return op.output().elements * per_output + pixels * taps(op) * PER_PIXEL


_BUFFER_SIZES = sources("PoolingFunctions", "arm_avgpool_get_buffer_sizes_s8")


class AveragePool(PoolKernel):
    name = "average_pool_s8_cmsis_nn"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_cmsis_nn_average_pool_s8"
    source = "average_pool"
    common_sources = sources("PoolingFunctions", "arm_avgpool_s8")
    variant_sources = PerVariant(mve=(), dsp=_BUFFER_SIZES, scalar=_BUFFER_SIZES)
    per_tap = PerVariant(mve=1.0, dsp=5.6, scalar=22.0)
    per_output = PerVariant(mve=10.0, dsp=14.0, scalar=6.0)

    def scratch(self, kind: Variant, channels: int) -> int:
        return average_pool_scratch(kind, channels)


class MaxPool(PoolKernel):
    name = "max_pool_s8_cmsis_nn"
    operators = ("MAX_POOL_2D",)
    function = "mr_cmsis_nn_max_pool_s8"
    source = "max_pool"
    common_sources = sources("PoolingFunctions", "arm_max_pool_s8")
    per_tap = PerVariant(mve=0.3, dsp=6.9, scalar=6.9)
    per_output = PerVariant(mve=2.4, dsp=6.0, scalar=6.0)


KERNELS = (AveragePool(), MaxPool())
