# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL in single precision with Helium, for operands of one shape."""

from __future__ import annotations

from microlith.kernels.fpu.elementwise import ElementwiseFpu


class ElementwiseHelium(ElementwiseFpu):
    """Rows of the last two axes."""

    backend = "helium"
    source = "float_elementwise"
    features = frozenset({"mve_float"})
    element_cost = 2.0


class AddFloatHelium(ElementwiseHelium):
    name = "add_f32_helium"
    operators = ("ADD",)
    function = "mr_add_f32_helium"


class MulFloatHelium(ElementwiseHelium):
    name = "mul_f32_helium"
    operators = ("MUL",)
    function = "mr_mul_f32_helium"


KERNELS = (AddFloatHelium(), MulFloatHelium())
