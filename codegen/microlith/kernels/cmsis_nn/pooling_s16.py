# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D of int16 by CMSIS-NN."""

from __future__ import annotations

from microlith.ir.graph import DType
from microlith.kernels.cmsis_nn.library import PerVariant, Variant, sources
from microlith.kernels.cmsis_nn.pooling import PoolKernel
from microlith.kernels.cmsis_nn.scratch import average_pool_scratch
from microlith.kernels.portable.pooling_s16 import MOST_TAPS


class AveragePoolInt16(PoolKernel):
    name = "average_pool_s16_cmsis_nn"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_cmsis_nn_average_pool_s16"
    source = "average_pool_s16"
    dtype = DType.INT16
    most_taps = MOST_TAPS
    common_sources = sources("PoolingFunctions", "arm_avgpool_s16")
    per_tap = PerVariant(mve=1.5, dsp=5.6, scalar=22.0)
    per_output = PerVariant(mve=10.0, dsp=14.0, scalar=6.0)

    def scratch(self, kind: Variant, channels: int) -> int:
        return average_pool_scratch(kind, channels)


class MaxPoolInt16(PoolKernel):
    name = "max_pool_s16_cmsis_nn"
    operators = ("MAX_POOL_2D",)
    function = "mr_cmsis_nn_max_pool_s16"
    source = "max_pool_s16"
    dtype = DType.INT16
    common_sources = sources("PoolingFunctions", "arm_max_pool_s16")
    per_tap = PerVariant(mve=0.6, dsp=7.5, scalar=7.5)
    per_output = PerVariant(mve=2.4, dsp=6.0, scalar=6.0)


KERNELS = (AveragePoolInt16(), MaxPoolInt16())
