# SPDX-License-Identifier: Apache-2.0
"""Operators that only move elements: RESHAPE, PAD, CONCATENATION."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microlith.ir.graph import Array, DType, OpView, Tensor
from microlith.ops.attributes import decode_activation
from microlith.ops.base import Operator, OptionField, Options, Rule, Types, quantised

Shape = tuple[int, ...]

MOVABLE = (
    DType.FLOAT32,
    DType.INT8,
    DType.UINT8,
    DType.INT16,
    DType.INT32,
    DType.INT64,
    DType.BOOL,
)
"""Element types of the tensors that are moved about."""

_CONVERT_AGAIN = "convert the model again with fixed input shapes"


@dataclass(frozen=True)
class ReshapeAttributes:
    """`shape` is the new shape that the options give, where there is no shape tensor."""

    shape: Shape


class Reshape(Operator):
    name = "RESHAPE"
    summary = "The same elements in another shape; costs nothing where it can be a view"
    versions = range(1, 2)
    options = Options("ReshapeOptions", (OptionField(0, "shape", "[int32]", ()),))
    arity = (1, 2)
    constant_inputs = (1,)
    types = tuple(Types((dtype, DType.INT32), (dtype,)) for dtype in MOVABLE)

    def attributes(self, options: Mapping[str, Any]) -> ReshapeAttributes:
        return ReshapeAttributes(tuple(int(n) for n in options["shape"]))

    def rules(self, op: OpView) -> Iterator[Rule]:
        requested = _requested_shape(op)
        if _resolved(requested, op.input().elements) is None:
            yield Rule(
                f"{op.input().describe()} cannot take the shape {list(requested)}", _CONVERT_AGAIN
            )

    def result_shapes(self, op: OpView) -> Sequence[Shape] | None:
        shape = _resolved(_requested_shape(op), op.input().elements)
        return None if shape is None else [shape]

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        return [inputs[0].reshape(op.output().shape)]


def _requested_shape(op: OpView) -> Shape:
    """The new shape as the model gives it; a shape tensor that is a vector goes first."""
    if op.has_input(1) and len(op.input(1).shape) == 1:
        values = op.input(1).data
        assert values is not None, "constant_inputs has been checked"
        return tuple(int(n) for n in values)
    shape: Shape = op.attributes.shape
    return () if shape == (0,) else shape  # how old converters wrote a scalar


def _resolved(shape: Shape, elements: int) -> Shape | None:
    """`shape` with one extent of -1 computed from the others, or None when it cannot be."""
    known = 1
    for extent in shape:
        known *= 1 if extent == -1 else extent
    if shape.count(-1) == 1 and known > 0 and elements % known == 0:
        return tuple(elements // known if extent == -1 else extent for extent in shape)
    return shape if known == elements and all(extent >= 0 for extent in shape) else None


class Pad(Operator):
    name = "PAD"
    summary = "Zeros (zero points) before and after the elements of each axis"
    versions = range(1, 7)
    arity = (2, 2)
    constant_inputs = (1,)
    types = tuple(
        Types((dtype, index), (dtype,)) for dtype in MOVABLE for index in (DType.INT32, DType.INT64)
    )

    def rules(self, op: OpView) -> Iterator[Rule]:
        rank = len(op.input().shape)
        if not 1 <= rank <= 5:
            yield Rule(f"pads a tensor of rank {rank} (legal: 1 to 5)", "merge or split axes")
        if op.input(1).shape != (rank, 2):
            yield Rule(
                f"paddings {op.input(1).describe()} where [{rank},2] is expected", _CONVERT_AGAIN
            )
        elif any(n < 0 for pair in paddings(op) for n in pair):
            yield Rule("a padding is negative", "crop with a slice instead")
        yield from (rule for t in (*op.inputs[:1], *op.outputs) for rule in _per_tensor(t))

    def result_shapes(self, op: OpView) -> Sequence[Shape] | None:
        extents = zip(op.input().shape, paddings(op), strict=True)
        return [tuple(before + extent + after for extent, (before, after) in extents)]

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        return [np.pad(inputs[0], paddings(op), constant_values=pad_value(op))]


def paddings(op: OpView) -> tuple[tuple[int, int], ...]:
    """Elements before and after each axis of a PAD."""
    pairs = op.input(1).data
    assert pairs is not None, "constant_inputs has been checked"
    return tuple((int(before), int(after)) for before, after in pairs)


def pad_value(op: OpView) -> int:
    """The stored number that a PAD adds: real zero. The reference takes the output's zero point,
    for int8 and int16 only when the input is quantised."""
    source, result = op.input(), op.output()
    if result.quantization is None or result.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
        return 0
    if source.quantization is None and source.dtype != DType.UINT8:
        return 0
    return result.zero_point


@dataclass(frozen=True)
class ConcatenationAttributes:
    """`axis` counts from the last axis when it is negative."""

    axis: int
    activation: str


class Concatenation(Operator):
    name = "CONCATENATION"
    summary = "Tensors one after the other along an axis"
    versions = range(1, 8)
    options = Options(
        "ConcatenationOptions",
        (OptionField(0, "axis", "int32"), OptionField(1, "activation", "int8")),
    )
    arity = (1, 64)
    types = tuple(Types((dtype,), (dtype,), variadic=True) for dtype in MOVABLE)

    def attributes(self, options: Mapping[str, Any]) -> ConcatenationAttributes:
        return ConcatenationAttributes(options["axis"], decode_activation(options["activation"]))

    def rules(self, op: OpView) -> Iterator[Rule]:
        if op.attributes.activation != "none":
            yield Rule(
                f"fused activation {op.attributes.activation} is not supported",
                "apply the activation as an operator of its own and convert the model again",
            )
        if len(op.inputs) != len(op.op.inputs):
            yield Rule("an input is absent", "convert the model again")
        yield from _concat_shape_rules(op)
        yield from (rule for t in op.inputs for rule in _scale_rules(t, op.output()))

    def result_shapes(self, op: OpView) -> Sequence[Shape] | None:
        axis = concat_axis(op)
        shape = list(op.input().shape)
        shape[axis] = sum(tensor.shape[axis] for tensor in op.inputs)
        return [tuple(shape)]

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        return [np.concatenate(inputs, axis=concat_axis(op))]


def concat_axis(op: OpView) -> int:
    """The axis of a CONCATENATION, counted from the first."""
    axis: int = op.attributes.axis
    return axis + len(op.output().shape) if axis < 0 else axis


def _concat_shape_rules(op: OpView) -> Iterator[Rule]:
    rank, axis = len(op.output().shape), concat_axis(op)
    if not 0 <= axis < rank:
        yield Rule(f"axis {op.attributes.axis} of a tensor of rank {rank}", _CONVERT_AGAIN)
        return
    shapes = {t.shape[:axis] + t.shape[axis + 1 :] if len(t.shape) == rank else None
              for t in (*op.inputs, op.output())}  # fmt: skip
    if len(shapes) > 1:
        found = ", ".join(t.describe() for t in op.inputs)
        yield Rule(f"{found} do not agree in all axes but {axis}", _CONVERT_AGAIN)


def _scale_rules(tensor: Tensor, result: Tensor) -> Iterator[Rule]:
    """Elements are copied, so that they must mean the same before and after."""
    if tensor.dtype in (DType.INT8, DType.UINT8):
        if _affine(tensor) != _affine(result):
            yield Rule(
                f"tensor {tensor.name!r} has another scale or zero point than the result",
                "quantise the model again with a converter that requantises the inputs",
            )
    elif tensor.dtype == DType.INT16 and any(
        any(t.quantization.zero_points) for t in (tensor, result) if t.quantization is not None
    ):
        yield Rule("an int16 tensor has a zero point other than 0", "quantise the model again")


def _affine(tensor: Tensor) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
    found = tensor.quantization
    return None if found is None else (found.scales, found.zero_points)


def _per_tensor(tensor: Tensor) -> Iterator[Rule]:
    if tensor.quantization is not None:
        yield from quantised(tensor)


OPERATORS = (Reshape(), Pad(), Concatenation())
