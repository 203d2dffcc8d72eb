# SPDX-License-Identifier: Apache-2.0
"""Constants of kernels that accumulate int16 x int8 products: biases of 64 bits, multipliers of 16.

The reference sums in 64 bits and scales sums by multipliers that it reduces to 16 bits; with biases
of 32 bits it sums in 32 and scales as int8 layers do.
"""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import quantize_multiplier

LARGEST_INPUT = 1 << 15

LARGEST_SUM = 1 << 47
"""Magnitude up to which the reference's product of a sum and a multiplier fits 64 bits."""

LEAST_FACTOR_TOO_LARGE = 2.0**7
"""Factors below this are shifted to the right in any case: the reference asserts it."""


def wrong_types(op: OpView) -> str | None:
    """Why a kernel for int16 activations and int8 weights cannot run `op`, or None if it can."""
    found = (op.input().dtype, op.input(1).dtype)
    if found == (DType.INT16, DType.INT8):
        return None
    return f"is for int16 with int8 weights, not {found[0].value} with {found[1].value}"


def narrow_bias(op: OpView) -> bool:
    """Whether a layer has a bias of 32 bits."""
    return op.has_input(2) and op.input(2).dtype == DType.INT32


def wide_biases(op: OpView, outputs: int) -> Array:
    """The bias, or zeros without one. int64[outputs]."""
    data = op.input(2).data if op.has_input(2) else None
    return np.zeros(outputs, np.int64) if data is None else data.reshape(-1).astype(np.int64)


def sum_bounds(op: OpView, weights: Array) -> list[int]:
    """Largest magnitude that each output's sum can reach, bias included. `weights` are
    [output, ...], less their zero point."""
    outputs = weights.shape[0]
    spans = np.abs(weights.reshape(outputs, -1).astype(np.int64)).sum(axis=1)
    biases = wide_biases(op, outputs).tolist()
    return [
        int(span) * LARGEST_INPUT + abs(bias)
        for span, bias in zip(spans.tolist(), biases, strict=True)
    ]


def sums_too_large(op: OpView, weights: Array) -> str | None:
    """Why sums could leave the bits that the reference has for them, or None."""
    largest = max(sum_bounds(op, weights))
    limit = 1 << 31 if narrow_bias(op) else LARGEST_SUM
    return f"sums reach {largest}, not less than {limit}" if largest >= limit else None


def factors_too_large(op: OpView) -> str | None:
    """Why sums cannot be scaled to outputs, or None."""
    largest = max(output_factors(op))
    if largest >= LEAST_FACTOR_TOO_LARGE:
        return f"its scales multiply sums by {largest:g}, not less than {LEAST_FACTOR_TOO_LARGE:g}"
    return None


def reduced_multipliers(op: OpView, outputs: int) -> list[tuple[int, int]]:
    """A multiplier below 2^15 and a right shift for each output channel, for mr_requantize_s64.
    Source: the 64-bit MultiplyByQuantizedMultiplier of LiteRT's common.cc."""
    factors = output_factors(op)
    return [_reduced(factor) for factor in factors] * (outputs // len(factors))


def _reduced(factor: float) -> tuple[int, int]:
    multiplier, shift = quantize_multiplier(factor)
    return min((multiplier + (1 << 15)) >> 16, (1 << 15) - 1), 15 - shift


def reduced_constants(op: OpView, outputs: int) -> tuple[Constant, Constant]:
    """Constants `multipliers` (int32) and `shifts` (int8) with an entry for each output channel,
    for mr_requantize_s64."""
    pairs = reduced_multipliers(op, outputs)
    return (
        Constant("multipliers", np.array([m for m, _ in pairs], np.int32)),
        Constant("shifts", np.array([s for _, s in pairs], np.int8)),
    )
