# SPDX-License-Identifier: Apache-2.0
"""FULLY_CONNECTED in portable C."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Kernel, Lowering, Out, wrong_weights
from microlith.kernels.portable.accumulate import (
    MOST_PRODUCTS,
    factor_too_large,
    float_biases,
    folded_biases,
    output_factors,
)
from microlith.kernels.quantize_math import (
    activation_range,
    exact_multiplier,
    float_activation_range,
)
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target


class FullyConnectedKernel(Kernel):
    """A fully connected layer."""

    source = "fully_connected"
    operators = ("FULLY_CONNECTED",)
    dtype: ClassVar[DType]
    instructions_per_mac: ClassVar[float]
    instructions_per_output: ClassVar[float]

    def rejects(self, op: OpView) -> str | None:
        return wrong_weights(op, self.dtype)

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        per_output = depth * self.instructions_per_mac + self.instructions_per_output
        return batches(op) * units * per_output


class FullyConnectedFloat(FullyConnectedKernel):
    name = "fully_connected_f32"
    function = "mr_fully_connected_f32"
    params = "mr_fully_connected_f32_params"
    dtype = DType.FLOAT32
    instructions_per_mac = 6.0
    instructions_per_output = 20.0

    def lower(self, op: OpView, target: Target) -> Lowering:
        least, most = float_activation_range(op.attributes.activation)
        biases = Constant("biases", float_biases(op, op.input(1).shape[0]))
        return Lowering(
            params={"layer": layer_params(op), "least": least, "most": most},
            constants=(biases,),
        )


class FullyConnectedInt8Kernel(FullyConnectedKernel):
    """An int8 layer. The reference scales accumulators in double precision and rounds halves away
    from zero."""

    dtype = DType.INT8
    instructions_per_mac = 2.8

    def rejects(self, op: OpView) -> str | None:
        depth = op.input(1).shape[1]
        if depth > MOST_PRODUCTS:
            return f"sums {depth} products an output, more than {MOST_PRODUCTS}"
        return super().rejects(op) or factor_too_large(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        least, most = activation_range(op.attributes.activation, op.output())
        factors = output_factors(op)
        layer: dict[str, Argument] = {
            "layer": layer_params(op),
            "weights_zero_point": weights_zero_point(op),
            "output_zero_point": op.output().zero_point,
            "least": least,
            "most": most,
        }
        scaling = self.scaling(op, factors)
        return Lowering(
            params={
                "layer": layer,
                **{constant.name: Const(constant.name) for constant in scaling},
                "per_unit": int(len(factors) > 1),
            },
            constants=(Constant("biases", folded_biases(op, centred_weights(op))), *scaling),
        )

    @abstractmethod
    def scaling(self, op: OpView, factors: list[float]) -> tuple[Constant, ...]:
        """Constants, named as the parameters that refer to them, for factors of accumulators."""


class FullyConnectedInt8(FullyConnectedInt8Kernel):
    name = "fully_connected_s8"
    function = "mr_fully_connected_s8"
    params = "mr_fully_connected_s8_params"
    instructions_per_output = 60.0

    def rejects(self, op: OpView) -> str | None:
        reason = super().rejects(op)
        if reason is None and None in exact_multipliers(op):
            return "no multiplier of 31 bits rounds as the reference does"
        return reason

    def scaling(self, op: OpView, factors: list[float]) -> tuple[Constant, ...]:
        pairs = [pair for pair in exact_multipliers(op) if pair is not None]
        return (
            Constant("multipliers", np.array([m for m, _ in pairs], np.int32)),
            Constant("shifts", np.array([s for _, s in pairs], np.int8)),
        )


class FullyConnectedWideInt8(FullyConnectedInt8Kernel):
    name = "fully_connected_wide_s8"
    function = "mr_fully_connected_wide_s8"
    params = "mr_fully_connected_wide_s8_params"
    instructions_per_output = 250.0

    def scaling(self, op: OpView, factors: list[float]) -> tuple[Constant, ...]:
        return double_factors(factors)


def double_factors(factors: list[float]) -> tuple[Constant, Constant]:
    """Constants `mantissas` (uint32, two each) and `shifts` (int16) of factors in double precision:
    mantissa * 2^-shift, with mantissas in [2^52, 2^53)."""
    parts = [math.frexp(factor) for factor in factors]
    mantissas = np.array([int(fraction * 2**53) for fraction, _ in parts], "<u8")
    return (
        Constant("mantissas", mantissas.view("<u4").astype(np.uint32)),
        Constant("shifts", np.array([53 - exponent for _, exponent in parts], np.int16)),
    )


def layer_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_fully_connected."""
    units, depth = op.input(1).shape
    return {
        "input": In(0),
        "output": Out(),
        "weights": In(1),
        "biases": Const("biases"),
        "batches": batches(op),
        "depth": depth,
        "units": units,
    }


def centred_weights(op: OpView) -> Array:
    """Weights less their zero point, int32[units, depth]."""
    weights = op.input(1).data
    assert weights is not None
    return weights.astype(np.int32) - weights_zero_point(op)


def weights_zero_point(op: OpView) -> int:
    """0 for weights with a scale for each unit."""
    quantization = op.input(1).quantization
    assert quantization is not None
    return 0 if quantization.per_channel else quantization.zero_point


def exact_multipliers(op: OpView, *, halves_up: bool = False) -> list[tuple[int, int] | None]:
    """Multiplier and shift for each factor, None where there is no exact one: see
    quantize_math.exact_multiplier."""
    low, high = activation_range(op.attributes.activation, op.output())
    zero_point = op.output().zero_point
    furthest = max(high - zero_point, zero_point - low)
    factors = output_factors(op)
    bounds = _accumulator_bounds(op)
    if len(factors) == 1:
        bounds = [max(bounds)]
    return [
        exact_multiplier(factor, furthest, bound, halves_up=halves_up)
        for factor, bound in zip(factors, bounds, strict=True)
    ]


def _accumulator_bounds(op: OpView) -> list[int]:
    """Largest magnitude that each unit's accumulator can reach, bias included."""
    zero_point = op.input().zero_point
    weights = np.abs(centred_weights(op)).astype(np.int64).sum(axis=1)
    data = op.input(2).data if op.has_input(2) else None
    biases = 0 if data is None else np.abs(data.reshape(-1).astype(np.int64))
    bounds = weights * max(127 - zero_point, zero_point + 128) + biases
    return [int(bound) for bound in np.minimum(bounds, 2**31)]


KERNELS = (FullyConnectedInt8(), FullyConnectedWideInt8(), FullyConnectedFloat())
