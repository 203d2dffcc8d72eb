# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D in single precision with Helium, for windows of three columns: four channels
are a vector."""

from __future__ import annotations

from microlith.kernels.fpu.depthwise import DepthwiseFpu


class DepthwiseFloatHelium(DepthwiseFpu):
    name = "depthwise_conv_2d_f32_helium"
    backend = "helium"
    function = "mr_depthwise_conv_2d_f32_helium"
    source = "float_depthwise"
    features = frozenset({"mve_float"})
    stride = 1
    row_cost = 39.0
    column_cost = 3.0
    block_cost = 21.0


class DepthwiseStride2FloatHelium(DepthwiseFloatHelium):
    name = "depthwise_conv_2d_stride2_f32_helium"
    function = "mr_depthwise_conv_2d_stride2_f32_helium"
    stride = 2
    row_cost = 43.0


KERNELS = (DepthwiseFloatHelium(), DepthwiseStride2FloatHelium())
