# SPDX-License-Identifier: Apache-2.0
"""Where CMSIS-NN's 32-bit arithmetic is that of the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.quantize_math import quantize_multiplier


def overflows(op: OpView, weights: Array, largest_input: int = 128) -> str | None:
    """Why some sum of products could leave 32 bits, before or after it is scaled, or None.

    `weights` are [output, ...], less their zero point; inputs have magnitudes up to `largest_input`
    and a zero point besides. The bound holds for each order in which
    products, zero points and biases are added.
    """
    outputs = weights.shape[0]
    magnitudes = np.abs(weights.reshape(outputs, -1).astype(np.int64)).sum(axis=1)
    data = op.input(2).data if op.has_input(2) else None
    biases = 0 if data is None else np.abs(data.reshape(-1).astype(np.int64))
    bounds = magnitudes * (largest_input + abs(op.input().zero_point)) + biases
    factors = output_factors(op)
    return _shifted_out(bounds.tolist(), factors * (outputs // len(factors)))


def _shifted_out(bounds: Sequence[int], factors: Sequence[float]) -> str | None:
    for bound, factor in zip(bounds, factors, strict=True):
        multiplier, shift = quantize_multiplier(factor)
        left = max(0, shift + 1) if multiplier else 0
        if bound << left >= 2**31:
            return f"sums reach {bound}, times {factor:g}: beyond 32 bits"
    return None
