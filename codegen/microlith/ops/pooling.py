# SPDX-License-Identifier: Apache-2.0
"""Pools over windows of an image: AVERAGE_POOL_2D, MAX_POOL_2D."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from microlith.ir.graph import DType, OpView
from microlith.ops.attributes import (
    Extent,
    activation_rules,
    decode_activation,
    decode_padding,
    padding_rules,
    window_extent,
)
from microlith.ops.base import Operator, OptionField, Options, Rule, Types, positive, quantised


@dataclass(frozen=True)
class PoolAttributes:
    """Window of a pool in elements; `padding` and `activation` are names of ops.attributes."""

    padding: str
    activation: str
    stride_height: int
    stride_width: int
    filter_height: int
    filter_width: int


class Pool(Operator):
    """What pools have in common: they differ in how they reduce a window to one element."""

    versions = range(1, 4)
    options = Options(
        "Pool2DOptions",
        (
            OptionField(0, "padding", "int8"),
            OptionField(1, "stride_width", "int32"),
            OptionField(2, "stride_height", "int32"),
            OptionField(3, "filter_width", "int32"),
            OptionField(4, "filter_height", "int32"),
            OptionField(5, "activation", "int8"),
        ),
    )
    types = tuple(Types((dtype,), (dtype,)) for dtype in (DType.INT8, DType.INT16, DType.FLOAT32))

    def attributes(self, options: Mapping[str, Any]) -> PoolAttributes:
        return PoolAttributes(
            padding=decode_padding(options["padding"]),
            activation=decode_activation(options["activation"]),
            stride_height=options["stride_height"],
            stride_width=options["stride_width"],
            filter_height=options["filter_height"],
            filter_width=options["filter_width"],
        )

    def rules(self, op: OpView) -> Iterator[Rule]:
        attributes: PoolAttributes = op.attributes
        if len(op.input().shape) != 4:
            yield Rule(
                f"input {op.input().describe()} has rank {len(op.input().shape)}, but pools need 4",
                "reshape the input to batch, height, width, channels",
            )
        yield from quantised(op.input(), op.output())
        yield from padding_rules(attributes.padding)
        yield from activation_rules(attributes.activation)
        yield from positive(
            stride_height=attributes.stride_height,
            stride_width=attributes.stride_width,
            filter_height=attributes.filter_height,
            filter_width=attributes.filter_width,
        )

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        vertical, horizontal = pool_extents(op)
        batches, _, _, channels = op.input().shape
        return [(batches, vertical.out, horizontal.out, channels)]


def pool_extents(op: OpView) -> tuple[Extent, Extent]:
    """Vertical and horizontal geometry of a pool that keeps its rules."""
    a: PoolAttributes = op.attributes
    _, height, width, _ = op.input().shape
    return (
        window_extent(a.padding, height, a.filter_height, a.stride_height),
        window_extent(a.padding, width, a.filter_width, a.stride_width),
    )


class AveragePool2D(Pool):
    name = "AVERAGE_POOL_2D"
    summary = "Mean of the elements under a window; those outside the image do not count"


class MaxPool2D(Pool):
    name = "MAX_POOL_2D"
    summary = "Largest element under a window"


OPERATORS = (AveragePool2D(), MaxPool2D())
