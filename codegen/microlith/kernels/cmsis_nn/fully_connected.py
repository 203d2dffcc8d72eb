# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED by CMSIS-NN. Its sources are compiled with one rounding, inside files of ours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Lowering, Out, wrong_type
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, PerVariant
from microlith.kernels.cmsis_nn.limits import overflows
from microlith.kernels.portable.accumulate import folded_biases, output_factors
from microlith.kernels.portable.fully_connected import (
    centred_weights,
    exact_multipliers,
    weights_zero_point,
)
from microlith.kernels.quantize_math import activation_range
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target


class LayerKernel(CmsisNNKernel):
    """A fully connected layer of int8 elements."""

    operators = ("FULLY_CONNECTED",)
    per_mac = PerVariant(mve=0.5, dsp=1.9, scalar=3.5)
    per_unit = PerVariant(mve=14.0, dsp=45.0, scalar=40.0)

    def rejects(self, op: OpView) -> str | None:
        if reason := wrong_type(op, DType.INT8):
            return reason
        if reason := self.wrong_scales(len(output_factors(op))):
            return reason
        if reason := overflows(op, centred_weights(op)):
            return reason
        if None in _multipliers(op):
            return "no multiplier of 31 bits rounds as the reference does"
        return None

    @abstractmethod
    def wrong_scales(self, count: int) -> str | None:
        """Why a layer with that many scales of weights is not for this kernel, or None."""

    def lower(self, op: OpView, target: Target) -> Lowering:
        pairs = np.array([pair for pair in _multipliers(op) if pair is not None], np.int32)
        scales, constants = self.scales(pairs[:, 0], pairs[:, 1])
        biases = Constant("biases", folded_biases(op, centred_weights(op)))
        return Lowering(
            params={"layer": layer_params(op), **scales}, constants=(biases, *constants)
        )

    @abstractmethod
    def scales(
        self, multipliers: Array, shifts: Array
    ) -> tuple[Mapping[str, Argument], tuple[Constant, ...]]:
        """Parameters beside the layer, and constants that they name."""

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        return batches(op) * units * (depth * self.per_mac.of(target) + self.per_unit.of(target))


class FullyConnected(LayerKernel):
    name = "fully_connected_s8_cmsis_nn"
    function = "mr_cmsis_nn_fully_connected_s8"
    params = "mr_cmsis_nn_fully_connected_params"
    source = "fully_connected"

    def wrong_scales(self, count: int) -> str | None:
        return None if count == 1 else "is for one scale, not one a unit"

    def scales(
        self, multipliers: Array, shifts: Array
    ) -> tuple[Mapping[str, Argument], tuple[Constant, ...]]:
        return {"multiplier": int(multipliers[0]), "shift": int(shifts[0])}, ()


class FullyConnectedPerChannel(LayerKernel):
    name = "fully_connected_per_channel_s8_cmsis_nn"
    function = "mr_cmsis_nn_fully_connected_per_channel_s8"
    params = "mr_cmsis_nn_fully_connected_per_channel_params"
    source = "fully_connected_per_channel"

    def wrong_scales(self, count: int) -> str | None:
        return None if count > 1 else "is for one scale a unit"

    def scales(
        self, multipliers: Array, shifts: Array
    ) -> tuple[Mapping[str, Argument], tuple[Constant, ...]]:
        constants = (Constant("multipliers", multipliers), Constant("shifts", shifts))
        return {constant.name: Const(constant.name) for constant in constants}, constants


def layer_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_cmsis_nn_layer."""
    units, depth = op.input(1).shape
    least, most = activation_range(op.attributes.activation, op.output())
    return {
        "input": In(0),
        "output": Out(),
        "weights": In(1),
        "biases": Const("biases"),
        "batches": batches(op),
        "depth": depth,
        "units": units,
        "weights_offset": -weights_zero_point(op),
        "output_offset": op.output().zero_point,
        "least": least,
        "most": most,
    }


def _multipliers(op: OpView) -> list[tuple[int, int] | None]:
    """The library rounds halves upwards, not away from zero."""
    return exact_multipliers(op, halves_up=True)


KERNELS = (FullyConnected(), FullyConnectedPerChannel())
