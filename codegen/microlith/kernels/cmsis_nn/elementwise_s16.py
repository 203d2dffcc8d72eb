# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL of int16 by CMSIS-NN, for operands of one shape."""

from __future__ import annotations

from typing import Any

from microlith.ir.graph import OpView
from microlith.kernels.base import Argument
from microlith.kernels.cmsis_nn.elementwise import PairKernel
from microlith.kernels.cmsis_nn.library import PerVariant, sources
from microlith.kernels.portable.elementwise_s16 import HEADROOM, AddInt16, MulInt16
from microlith.ops.elementwise import adds_by_shifts


class AddInt16CmsisNN(PairKernel):
    name = "add_s16_cmsis_nn"
    operators = ("ADD",)
    function = "mr_cmsis_nn_add_s16"
    params = "mr_cmsis_nn_add_s16_params"
    source = "elementwise_add_s16"
    common_sources = sources("BasicMathFunctions", "arm_elementwise_add_s16")
    numbers = AddInt16()
    instructions = PerVariant(mve=14.0, dsp=80.0, scalar=83.0)

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or ("adds by shifts" if adds_by_shifts(op) else None)

    def arguments(self, numbers: dict[str, Any]) -> dict[str, Argument]:
        """Right shifts are negative here."""
        shifts = ("shift1", "shift2", "output_shift")
        return {**numbers, **{name: -numbers[name] for name in shifts}, "headroom": HEADROOM}


class MulInt16CmsisNN(PairKernel):
    name = "mul_s16_cmsis_nn"
    operators = ("MUL",)
    function = "mr_cmsis_nn_mul_s16"
    params = "mr_cmsis_nn_mul_s16_params"
    source = "elementwise_mul_s16"
    common_sources = sources("BasicMathFunctions", "arm_elementwise_mul_s16")
    numbers = MulInt16()
    instructions = PerVariant(mve=7.0, dsp=34.0, scalar=34.0)

    def arguments(self, numbers: dict[str, Any]) -> dict[str, Argument]:
        return numbers


KERNELS = (AddInt16CmsisNN(), MulInt16CmsisNN())
