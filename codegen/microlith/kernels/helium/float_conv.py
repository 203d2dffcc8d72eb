# SPDX-License-Identifier: Apache-2.0
"""CONV_2D in single precision with Helium: four output channels are a vector."""

from __future__ import annotations

from microlith.kernels.fpu.conv import Conv2DFloatFpu


class Conv2DFloatHelium(Conv2DFloatFpu):
    name = "conv_2d_f32_helium"
    backend = "helium"
    function = "mr_conv_2d_f32_helium"
    source = "float_conv"
    features = frozenset({"mve_float"})
    pair_costs = (16.0, 20.0)
    block_costs = (22.0, 26.0)


KERNELS = (Conv2DFloatHelium(),)
