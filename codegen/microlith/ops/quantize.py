# SPDX-License-Identifier: Apache-2.0
"""Between real and quantised numbers, real = scale * (q - zero point): QUANTIZE, DEQUANTIZE."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from microlith.ir.graph import Array, DType, OpView, Quantization, Tensor
from microlith.ops.base import Operator, Rule, Types, quantised, symmetric

LARGEST_RESCALE = {DType.INT8: 2.0**22, DType.UINT8: 2.0**22, DType.INT16: 2.0**14}
"""Bounds of the ratio of two scales, by input: differences from a zero point, of 9 or 17 bits, that
are shifted further left overflow in the reference."""

_QUANTISE_AGAIN = "quantise the model again"


class Quantize(Operator):
    name = "QUANTIZE"
    summary = "Real numbers to quantised ones, or quantised ones to another scale or type"
    versions = range(1, 7)
    types = (
        Types((DType.FLOAT32,), (DType.INT8,)),
        Types((DType.FLOAT32,), (DType.UINT8,)),
        Types((DType.FLOAT32,), (DType.INT16,)),
        Types((DType.INT8,), (DType.INT8,)),
        Types((DType.INT8,), (DType.UINT8,)),
        Types((DType.UINT8,), (DType.INT8,)),
        Types((DType.UINT8,), (DType.UINT8,)),
        Types((DType.INT8,), (DType.INT16,)),
        Types((DType.UINT8,), (DType.INT16,)),
        Types((DType.INT16,), (DType.INT8,)),
        Types((DType.INT16,), (DType.INT16,)),
    )

    def rules(self, op: OpView) -> Iterator[Rule]:
        source, result = op.input(), op.output()
        if source.dtype == DType.FLOAT32:
            yield from _affine_rules(result)
            return
        broken = list(quantised(source, result))
        yield from broken
        if source.dtype == result.dtype == DType.INT16:
            yield from symmetric(source, result)
        if not broken and source.scale / result.scale >= LARGEST_RESCALE[source.dtype]:
            yield Rule(
                f"the output's scale {result.scale:g} is too small for an input of scale "
                f"{source.scale:g}",
                "quantise the model again with data that represents the output's range",
            )

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        return [op.input().shape]

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        if op.input().dtype != DType.FLOAT32:
            return None
        limits = np.iinfo(op.output().dtype.numpy)
        scales, zero_points = _spread(op.output())
        with np.errstate(over="ignore", invalid="ignore"):
            quotient = (inputs[0] / scales).astype(np.float64)
            rounded = np.copysign(np.floor(np.abs(quotient) + 0.5), quotient)
        if np.isnan(rounded).any():
            return None
        clamped = np.clip(rounded + zero_points, limits.min, limits.max)
        return [clamped.astype(op.output().dtype.numpy)]


class Dequantize(Operator):
    name = "DEQUANTIZE"
    summary = "Quantised numbers, or real ones of half precision, to real numbers"
    versions = range(1, 10)
    types = tuple(
        Types((dtype,), (DType.FLOAT32,))
        for dtype in (DType.INT8, DType.UINT8, DType.INT16, DType.FLOAT16)
    )

    def rules(self, op: OpView) -> Iterator[Rule]:
        source = op.input()
        if source.dtype == DType.INT16:
            yield from quantised(source)
            yield from symmetric(source)
        elif source.dtype != DType.FLOAT16:
            yield from _affine_rules(source)

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        return [op.input().shape]

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        if op.input().dtype == DType.FLOAT16:
            return [inputs[0].astype(np.float32)]
        scales, zero_points = _spread(op.input())
        # The product of two float32 rounds once, as the reference's does.
        return [scales * (inputs[0].astype(np.int32) - zero_points).astype(np.float32)]


def affine(tensor: Tensor) -> Quantization:
    """The quantisation of a tensor that the rules have found to have one."""
    assert tensor.quantization is not None, f"{tensor.name} is not quantised"
    return tensor.quantization


def _affine_rules(tensor: Tensor) -> Iterator[Rule]:
    """Rules for quantisation by tensor or by channel, with positive scales."""
    if tensor.quantization is None:
        yield from quantised(tensor)
    elif not all(scale > 0 for scale in tensor.quantization.scales):
        yield Rule(f"tensor {tensor.name!r} has a scale that is not positive", _QUANTISE_AGAIN)


def _spread(tensor: Tensor) -> tuple[Array, Array]:
    """Scales (float32) and zero points (int32), shaped to be broadcast over the tensor."""
    found = affine(tensor)
    shape = [1] * len(tensor.shape)
    if found.per_channel:
        shape[found.axis] = -1
    scales = np.array(found.scales, np.float32).reshape(shape)
    return scales, np.array(found.zero_points, np.int32).reshape(shape)


OPERATORS = (Quantize(), Dequantize())
