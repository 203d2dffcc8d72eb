# SPDX-License-Identifier: Apache-2.0
"""Takes channels out of a subgraph: out of its tensors, and of the constants of its ops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from microlith.ir.graph import Array, DType, Op, OpView, Quantization, Subgraph, Tensor
from microlith.ops.shape import ReshapeAttributes, concat_axis
from microlith.passes.channel_flow import Flow, Mixer
from microlith.passes.range_rules import accumulators, biases
from microlith.passes.ranges import Ranges


@dataclass(frozen=True, eq=False)
class Cut:
    """What an edit may look at: `kept` has a mask for each tensor that loses channels."""

    kept: Mapping[int, Array]
    flows: Mapping[int, Flow]
    ranges: Mapping[int, Ranges]

    def mask(self, tensor: int, channels: int) -> Array:
        """bool[channels]; all of a tensor that loses none."""
        return self.kept.get(tensor, np.ones(channels, bool))


Edit = tuple[tuple[int, ...], dict[int, Tensor], object]
"""An op's inputs, its new constants by input position, and its attributes."""


def narrowed(
    subgraph: Subgraph,
    kept: Mapping[int, Array],
    flows: Mapping[int, Flow],
    ranges: Mapping[int, Ranges],
) -> Subgraph:
    """`subgraph` without the channels that `kept` leaves out, its ops' constants cut to match. A
    constant that other ops read as it was is copied."""
    cut = Cut(kept, flows, ranges)
    readers = Counter(i for op in subgraph.ops for i in set(op.inputs))
    tensors = list(subgraph.tensors)
    ops: list[Op] = []
    for op in subgraph.ops:
        if not any(i in kept for i in (*op.inputs, *op.outputs)):
            ops.append(op)
            continue
        inputs, constants, attributes = _edited(subgraph.view(op), cut)
        chosen = list(inputs)
        for position, constant in constants.items():
            chosen[position] = _placed(tensors, chosen[position], constant, readers)
        ops.append(replace(op, inputs=tuple(chosen), attributes=attributes))
    for index, mask in kept.items():
        if mask.any():
            shape = (*tensors[index].shape[:-1], int(mask.sum()))
            tensors[index] = replace(tensors[index], shape=shape)
    return replace(subgraph, tensors=tuple(tensors), ops=tuple(ops))


def _placed(tensors: list[Tensor], index: int, constant: Tensor, readers: Counter[int]) -> int:
    """Where the new constant lies: in place of the old one, if nobody else reads that."""
    if index >= 0 and readers[index] == 1:
        tensors[index] = constant
        return index
    tensors.append(constant)
    return len(tensors) - 1


def _edited(op: OpView, cut: Cut) -> Edit:
    edit = _EDITS.get(op.op.kind)
    return (op.op.inputs, {}, op.attributes) if edit is None else edit(op, cut)


def _mixed(op: OpView, cut: Cut) -> Edit:
    """CONV_2D and FULLY_CONNECTED: rows and columns of weights, and biases."""
    flow = cut.flows[op.op.index]
    if not isinstance(flow, Mixer):  # in groups: it has lost nothing
        return op.op.inputs, {}, op.attributes
    weights = op.input(1)
    assert weights.data is not None
    outputs, channels = flow.weighs.shape
    source, result = cut.mask(flow.source, channels), cut.mask(flow.result, outputs)
    fixed = ~flow.varies
    bias = np.where(fixed, accumulators(op, cut.ranges[flow.source])[0], flow.folded(source))
    data = weights.data.copy()
    data[fixed] = weights.zero_point if op.op.kind == "FULLY_CONNECTED" and _one(weights) else 0
    columns = np.resize(source, data.shape[-1])
    narrow = _sliced(replace(weights, data=data[..., columns]), result, 0)
    return _layer(op, narrow, bias[result], result)


def _one(weights: Tensor) -> bool:
    return weights.quantization is not None and not weights.quantization.per_channel


def _depthwise(op: OpView, cut: Cut) -> Edit:
    result = cut.mask(op.op.outputs[0], op.output().shape[-1])
    bias = biases(op, len(result))[result]
    return _layer(op, _sliced(op.input(1), result, 3), bias, result)


def _layer(op: OpView, weights: Tensor, bias: Array, result: Array) -> Edit:
    """A layer with new weights, and a new bias if it has one or now needs one."""
    constants = {1: weights}
    inputs = op.op.inputs
    if op.has_input(2) or bias.any():
        inputs = (*inputs[:2], op.op.inputs[2] if op.has_input(2) else -1)
        constants[2] = _bias(op, weights, bias, result)
    return inputs, constants, op.attributes


def _bias(op: OpView, weights: Tensor, values: Array, result: Array) -> Tensor:
    data = values.astype(np.int32)
    if op.has_input(2):
        return replace(_sliced(op.input(2), result, 0), data=data, shape=data.shape)
    assert weights.quantization is not None
    scales = tuple(op.input().scale * scale for scale in weights.quantization.scales)
    quantization = Quantization(scales, (0,) * len(scales))
    return Tensor(f"{op.output().name}/bias", DType.INT32, data.shape, quantization, data)


def _sliced(tensor: Tensor, mask: Array, axis: int) -> Tensor:
    """A constant with the slices of `axis` that are in `mask`, and their quantisation."""
    assert tensor.data is not None
    data = np.compress(mask, tensor.data, axis=axis)
    quantization = tensor.quantization
    if quantization is not None and quantization.per_channel and quantization.axis == axis:
        scales = np.compress(mask, quantization.scales).tolist()
        zero_points = np.compress(mask, quantization.zero_points).tolist()
        quantization = replace(quantization, scales=tuple(scales), zero_points=tuple(zero_points))
    return replace(tensor, data=data, shape=data.shape, quantization=quantization)


def _broadcast(op: OpView, cut: Cut) -> Edit:
    """ADD and MUL: a constant operand with a value for each channel."""
    result = cut.mask(op.op.outputs[0], op.output().shape[-1])
    constants = {
        position: _sliced(tensor, result, len(tensor.shape) - 1)
        for position, tensor in enumerate(op.inputs)
        if tensor.is_constant and tensor.shape and tensor.shape[-1] == len(result) > 1
    }
    return op.op.inputs, constants, op.attributes


def _concatenation(op: OpView, cut: Cut) -> Edit:
    """Constant parts are cut; parts of which nothing is left are no longer inputs."""
    axis = concat_axis(op)
    whole = cut.mask(op.op.outputs[0], op.output().shape[-1])
    by_channel = axis == len(op.output().shape) - 1
    inputs: list[int] = []
    constants: dict[int, Tensor] = {}
    first = 0
    for index, tensor in zip(op.op.inputs, op.inputs, strict=True):
        part = whole[first : first + tensor.shape[-1]] if by_channel else whole
        first += tensor.shape[-1]
        if part.any():
            if tensor.is_constant:
                constants[len(inputs)] = _sliced(tensor, part, len(tensor.shape) - 1)
            inputs.append(index)
    return tuple(inputs), constants, op.attributes


def _reshape(op: OpView, cut: Cut) -> Edit:
    channels = int(cut.mask(op.op.outputs[0], op.output().shape[-1]).sum())
    constants = {}
    if op.has_input(1):
        data = np.array(_last(op.input(1).data, channels), np.int32)
        constants[1] = replace(op.input(1), data=data)
    return op.op.inputs, constants, ReshapeAttributes(_last(op.attributes.shape, channels))


def _last(shape: Any, channels: int) -> tuple[int, ...]:
    """A requested shape with another last extent, unless that is to be computed (-1)."""
    extents = tuple(int(extent) for extent in shape)
    return (*extents[:-1], channels) if extents and extents[-1] >= 0 else extents


_EDITS: Mapping[str, Callable[[OpView, Cut], Edit]] = {
    "CONV_2D": _mixed,
    "FULLY_CONNECTED": _mixed,
    "DEPTHWISE_CONV_2D": _depthwise,
    "ADD": _broadcast,
    "MUL": _broadcast,
    "CONCATENATION": _concatenation,
    "RESHAPE": _reshape,
}
"""By operator; all others have nothing but tensors."""
