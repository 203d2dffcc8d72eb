# SPDX-License-Identifier: Apache-2.0
"""Ops that are a function of one element, and what becomes of every value that the element has.

A function of 8 or 16 bits is known by its results: whether ops in a row change anything is decided
by evaluating them, exactly, for all values that can occur.
"""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView, Tensor
from microlith.kernels.portable.activation import TableInt8, table_of
from microlith.kernels.quantize_math import quantize_multiplier, requantize
from microlith.ops import BY_NAME
from microlith.passes.ranges import LEAST, Ranges, understood

ELEMENTWISE = frozenset(["QUANTIZE", "DEQUANTIZE", *TableInt8.operators])
"""Operators that are functions of one element, if it is of a type that `applied` knows."""

DOMAINS = (DType.INT8, DType.UINT8, DType.INT16)
"""Element types that have few enough values."""


def values_of(tensor: Tensor, ranges: Ranges | None) -> Array | None:
    """Every value that an element of `tensor` can have, in its type; None if they are too many."""
    if tensor.dtype not in DOMAINS or tensor.quantization is None:
        return None
    if ranges is not None:
        low, high = int(ranges.low.min()), int(ranges.high.max())
    else:
        limits = np.iinfo(tensor.dtype.numpy)
        low, high = int(limits.min), int(limits.max)
    return np.arange(low, high + 1).astype(tensor.dtype.numpy)


def applied(op: OpView, values: Array) -> Array | None:
    """Results of `op` for elements `values`; None where it is not known as such a function."""
    if not op.op.inputs or op.op.inputs[0] < 0 or not understood(op):
        return None
    source, result = op.input(), op.output()
    if op.op.kind in ("QUANTIZE", "DEQUANTIZE"):
        if _per_channel(source) or _per_channel(result):
            return None
        if op.op.kind == "QUANTIZE" and source.dtype in DOMAINS:
            return _requantized(source, result, values)
        results = BY_NAME[op.op.kind].evaluate(op, [values])
        return None if results is None else results[0].reshape(-1)
    if op.op.kind in TableInt8.operators and source.dtype == result.dtype == DType.INT8:
        results_of_all: Array = table_of(op)[values.astype(np.int64) - LEAST]
        return results_of_all
    return None


def _requantized(source: Tensor, result: Tensor, values: Array) -> Array:
    multiplier = quantize_multiplier(source.scale / result.scale)
    scaled = [requantize(int(q) - source.zero_point, *multiplier) for q in values]
    limits = np.iinfo(result.dtype.numpy)
    clamped: Array = np.clip(np.array(scaled) + result.zero_point, limits.min, limits.max)
    return clamped.astype(result.dtype.numpy)


def _per_channel(tensor: Tensor) -> bool:
    return tensor.quantization is not None and tensor.quantization.per_channel


def same_meaning(first: Tensor, second: Tensor) -> bool:
    """Whether equal bytes of two tensors are the same numbers in the same places."""
    a, b = first.quantization, second.quantization
    affine = [None if q is None else (q.scales, q.zero_points) for q in (a, b)]
    return (first.dtype, first.shape, affine[0]) == (second.dtype, second.shape, affine[1])
