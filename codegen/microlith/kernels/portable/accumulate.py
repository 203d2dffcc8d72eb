# SPDX-License-Identifier: Apache-2.0
"""Constants of kernels that accumulate int8 products in 32 bits: biases, output multipliers."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.quantize_math import MAX_SHIFT, quantize_multiplier

MOST_PRODUCTS = 1 << 16
"""Products of int8 whose sum surely fits 32 bits, with room for zero points."""


def output_factors(op: OpView) -> list[float]:
    """Factors from accumulators to outputs, input scale * weight scale / output scale in double
    precision: one, or one for each output channel."""
    weights = op.input(1).quantization
    assert weights is not None
    source, result = op.input().scale, op.output().scale
    return [source * scale / result for scale in weights.scales]


def folded_biases(op: OpView, weights: Array) -> Array:
    """bias - input zero point * sum of weights, modulo 2^32 as the reference's accumulators.

    `weights` are [output, ...], less their zero point. int32[outputs].
    """
    outputs = weights.shape[0]
    data = op.input(2).data if op.has_input(2) else None
    biases = np.zeros(outputs, np.int64) if data is None else data.reshape(-1).astype(np.int64)
    sums = weights.reshape(outputs, -1).astype(np.int64).sum(axis=1)
    folded: Array = biases - op.input().zero_point * sums
    return folded.astype(np.int32)


def float_biases(op: OpView, outputs: int) -> Array:
    """The bias, or zeros without one. float32[outputs]."""
    data = op.input(2).data if op.has_input(2) else None
    return np.zeros(outputs, np.float32) if data is None else data.reshape(-1)


def channel_multipliers(op: OpView, outputs: int) -> tuple[Constant, Constant]:
    """Constants `multipliers` (int32) and `shifts` (int8) with an entry for each output channel,
    for mr_requantize."""
    factors = output_factors(op)
    pairs = [quantize_multiplier(factor) for factor in factors] * (outputs // len(factors))
    return (
        Constant("multipliers", np.array([m for m, _ in pairs], np.int32)),
        Constant("shifts", np.array([s for _, s in pairs], np.int8)),
    )


def factor_too_large(op: OpView) -> str | None:
    """Why accumulators cannot be scaled to outputs, or None."""
    largest = max(output_factors(op))
    if largest >= 2.0**MAX_SHIFT:
        return f"its scales multiply accumulators by {largest:g}, which overflows"
    return None
