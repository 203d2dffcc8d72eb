# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED in single precision with Helium: four units are a vector."""

from __future__ import annotations

from microlith.kernels.fpu.fully_connected import FullyConnectedFloatFpu


class FullyConnectedFloatHelium(FullyConnectedFloatFpu):
    name = "fully_connected_f32_helium"
    backend = "helium"
    function = "mr_fully_connected_f32_helium"
    source = "float_fully_connected"
    features = frozenset({"mve_float"})
    four_cost = 26.0
    single_cost = 8.0
    block_cost = 17.0


KERNELS = (FullyConnectedFloatHelium(),)
