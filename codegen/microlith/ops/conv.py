# SPDX-License-Identifier: Apache-2.0
"""Convolutions over images: CONV_2D, DEPTHWISE_CONV_2D."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from microlith.ir.graph import DType, OpView, Tensor
from microlith.ops.attributes import (
    Extent,
    activation_rules,
    decode_activation,
    decode_padding,
    padding_rules,
    window_extent,
)
from microlith.ops.base import (
    Operator,
    OptionField,
    Options,
    Rule,
    Types,
    positive,
    quantised,
    symmetric,
)

TYPES: tuple[Types, ...] = (
    Types((DType.INT8, DType.INT8, DType.INT32), (DType.INT8,)),
    Types((DType.FLOAT32, DType.FLOAT32, DType.FLOAT32), (DType.FLOAT32,)),
    Types((DType.FLOAT32, DType.INT8, DType.FLOAT32), (DType.FLOAT32,)),
    Types((DType.INT16, DType.INT8, DType.INT64), (DType.INT16,)),
    Types((DType.INT8, DType.INT4, DType.INT32), (DType.INT8,)),
)
"""Quantised, float, hybrid (int8 weights between float activations), and 16x8: int8 weights between
int16 activations; weights of 4 bits are unpacked to int8."""

MORE_INT4 = (
    Types((DType.FLOAT32, DType.INT4, DType.FLOAT32), (DType.FLOAT32,)),
    Types((DType.INT16, DType.INT4, DType.INT64), (DType.INT16,)),
)
"""More types with weights of 4 bits, which the reference lacks in depthwise layers."""

WEIGHTS = (DType.INT8, DType.INT4)

NARROW_BIAS = Types((DType.INT16, DType.INT8, DType.INT32), (DType.INT16,))
"""16x8 where the converter was asked for biases of 32 bits."""

BIAS_TYPES = {0: DType.INT64, 2: DType.INT32, 4: DType.INT64}
"""The type of 16x8 biases by the option quantized_bias_type, a TensorType; float32, its default,
says nothing."""


@dataclass(frozen=True)
class ConvAttributes:
    """Strides and dilations in elements; `padding` and `activation` are names of
    ops.attributes."""

    padding: str
    activation: str
    stride_height: int
    stride_width: int
    dilation_height: int
    dilation_width: int
    bias_type: int = 0
    """Of a 16x8 layer: a key of BIAS_TYPES."""


class Convolution(Operator):
    """What convolutions have in common: input, filter and optional bias; a filter slides over the
    input."""

    arity = (2, 3)
    constant_inputs = (1, 2)
    types: ClassVar[tuple[Types, ...]] = TYPES
    filter_axis: ClassVar[int]
    """Axis of the filter that numbers the output channels."""

    filter_layout: ClassVar[str]
    """Axes of the filter, in words."""

    def attributes(self, options: Mapping[str, Any]) -> ConvAttributes:
        return ConvAttributes(
            padding=decode_padding(options["padding"]),
            activation=decode_activation(options["activation"]),
            stride_height=options["stride_height"],
            stride_width=options["stride_width"],
            dilation_height=options["dilation_height"],
            dilation_width=options["dilation_width"],
            bias_type=options.get("bias_type", 0),
        )

    def rules(self, op: OpView) -> Iterator[Rule]:
        a: ConvAttributes = op.attributes
        shaped = list(self._shape_rules(op))
        yield from shaped
        yield from quantised(op.input(), op.output())
        yield from symmetric(op.input(), op.output())
        yield from padding_rules(a.padding)
        yield from activation_rules(a.activation)
        yield from positive(
            stride_height=a.stride_height,
            stride_width=a.stride_width,
            dilation_height=a.dilation_height,
            dilation_width=a.dilation_width,
        )
        if not shaped:
            yield from bias_rules(op, op.input(1).shape[self.filter_axis])
            yield from filter_rules(op, self.filter_axis)

    def _shape_rules(self, op: OpView) -> Iterator[Rule]:
        for tensor, axes in (
            (op.input(), "batch, height, width, channels"),
            (op.input(1), self.filter_layout),
        ):
            if len(tensor.shape) != 4 or 0 in tensor.shape:
                yield Rule(
                    f"{tensor.name!r} is {tensor.describe()}, but must have the axes {axes}",
                    "give the layer input an explicit shape of rank 4 and convert the model again",
                )
                return
        yield from self.channel_rules(op.input().shape[3], op.input(1).shape)

    @abstractmethod
    def channel_rules(self, channels: int, filter_shape: tuple[int, ...]) -> Iterator[Rule]:
        """Rules that tie the filter's shape to the input's channels."""

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        vertical, horizontal = conv_extents(op)
        outputs = op.input(1).shape[self.filter_axis]
        return [(op.input().shape[0], vertical.out, horizontal.out, outputs)]


class Conv2D(Convolution):
    name = "CONV_2D"
    summary = "Convolution, also dilated and in groups of channels"
    versions = range(1, 9)
    options = Options(
        "Conv2DOptions",
        (
            OptionField(0, "padding", "int8"),
            OptionField(1, "stride_width", "int32"),
            OptionField(2, "stride_height", "int32"),
            OptionField(3, "activation", "int8"),
            OptionField(4, "dilation_width", "int32", 1),
            OptionField(5, "dilation_height", "int32", 1),
            OptionField(6, "bias_type", "int8"),
        ),
    )
    types = (*TYPES, NARROW_BIAS, *MORE_INT4)
    filter_axis = 0
    filter_layout = "output channels, height, width, input channels"

    def channel_rules(self, channels: int, filter_shape: tuple[int, ...]) -> Iterator[Rule]:
        outputs, _, _, inputs = filter_shape
        if channels % inputs != 0 or outputs % (channels // inputs) != 0:
            yield Rule(
                f"a filter of {outputs} outputs and {inputs} inputs does not divide an input of "
                f"{channels} channels into groups",
                "convert the model again",
            )

    def macs(self, op: OpView) -> int:
        _, height, width, inputs = op.input(1).shape
        return op.output().elements * height * width * inputs


class DepthwiseConv2D(Convolution):
    name = "DEPTHWISE_CONV_2D"
    summary = "Convolution of each channel by itself, with any number of outputs a channel"
    versions = range(1, 8)
    options = Options(
        "DepthwiseConv2DOptions",
        (
            OptionField(0, "padding", "int8"),
            OptionField(1, "stride_width", "int32"),
            OptionField(2, "stride_height", "int32"),
            OptionField(4, "activation", "int8"),
            OptionField(5, "dilation_width", "int32", 1),
            OptionField(6, "dilation_height", "int32", 1),
        ),
    )
    filter_axis = 3
    filter_layout = "1, height, width, output channels"

    def channel_rules(self, channels: int, filter_shape: tuple[int, ...]) -> Iterator[Rule]:
        if filter_shape[0] != 1 or filter_shape[3] % channels != 0:
            yield Rule(
                f"a depthwise filter of shape {list(filter_shape)} does not fit an input of "
                f"{channels} channels",
                "convert the model again",
            )

    def macs(self, op: OpView) -> int:
        _, height, width, _ = op.input(1).shape
        return op.output().elements * height * width


def conv_extents(op: OpView) -> tuple[Extent, Extent]:
    """Vertical and horizontal geometry of a convolution that keeps its rules."""
    a: ConvAttributes = op.attributes
    _, height, width, _ = op.input().shape
    _, kernel_height, kernel_width, _ = op.input(1).shape
    return (
        window_extent(a.padding, height, kernel_height, a.stride_height, a.dilation_height),
        window_extent(a.padding, width, kernel_width, a.stride_width, a.dilation_width),
    )


def is_hybrid(op: OpView) -> bool:
    """Whether a layer has float32 activations and quantised weights."""
    return op.input().dtype == DType.FLOAT32 and op.input(1).dtype in WEIGHTS


def bias_rules(op: OpView, outputs: int) -> Iterator[Rule]:
    """Rules that a bias, if there is one, has an element for each output channel or unit, and in a
    16x8 layer the type that its options tell."""
    if op.has_input(2) and op.input(2).elements != outputs:
        yield Rule(
            f"bias {op.input(2).name!r} has {op.input(2).elements} elements for {outputs} outputs",
            "convert the model again",
        )
    if op.input().dtype == DType.INT16 and op.has_input(2):
        told = BIAS_TYPES.get(op.attributes.bias_type)
        if told != op.input(2).dtype:
            name = "unknown" if told is None else told.value
            yield Rule(
                f"bias {op.input(2).name!r} is {op.input(2).dtype.value}, but the layer's options "
                f"say {name}",
                "convert the model again",
            )


def filter_rules(op: OpView, axis: int) -> Iterator[Rule]:
    """Rules for quantised weights: one positive scale, or one for each slice of `axis`, and no zero
    points but for weights with a single scale in a quantised fully connected layer."""
    weights = op.input(1)
    if weights.dtype not in WEIGHTS:
        return
    quantization = weights.quantization
    if quantization is None or not quantization.scales:
        yield Rule(
            f"weights {weights.name!r} have no quantisation parameters",
            "quantise the model fully, with a representative data set",
        )
        return
    yield from _scale_rules(weights, quantization.scales, quantization.axis, axis)
    allowed = op.op.kind == "FULLY_CONNECTED" and not quantization.per_channel
    if any(quantization.zero_points) and (is_hybrid(op) or not allowed):
        yield Rule(
            f"weights {weights.name!r} have a zero point other than 0",
            "quantise the weights symmetrically",
        )


def _scale_rules(weights: Tensor, scales: Sequence[float], found: int, axis: int) -> Iterator[Rule]:
    if not all(0 <= scale < math.inf for scale in scales):
        yield Rule(
            f"weights {weights.name!r} have a scale that is negative or not finite",
            "quantise the model again",
        )
    if len(scales) == 1:
        return
    if len(scales) != weights.shape[axis]:
        yield Rule(
            f"weights {weights.name!r} have {len(scales)} scales for {weights.shape[axis]} outputs",
            "quantise the model again, per tensor or per output channel",
        )
    elif found != axis:
        yield Rule(
            f"weights {weights.name!r} are quantised along axis {found} instead of {axis}",
            "quantise the weights per output channel",
        )


OPERATORS = (Conv2D(), DepthwiseConv2D())
