# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with Helium: int8, four pixels and two output channels at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.output import output_table, rejected
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

VECTOR = 16
"""Elements of a vector."""

PIXELS = 4
"""Output pixels that are computed together."""

CHANNELS = 4
"""Output channels that are stored together."""

REACH = 128
"""Largest magnitude of an input."""


LONGEST = 9
"""Chunks of a window that is not a loop."""

IMAGE, PIXELS_OF_IMAGE, COLUMNS, WINDOWS, PILES = range(5)
"""Where windows are: MR_CONV_... in conv.h."""


PILED = 2048
"""Bytes of piles for more than one output row."""


@dataclass(frozen=True)
class Windows:
    """How windows are found: see the parameters in conv.h."""

    source: int
    step: int
    strips: int
    strip_bytes: int
    row_pointers: int
    pile_rows: int = 0

    def scratch(self, target: Target) -> int:
        """Row pointers and strips, with the rest of a vector that begins in the last one."""
        strips = self.strips * self.strip_bytes + VECTOR if self.strips else 0
        return self.row_pointers * target.pointer_size + strips


class _Conv2DInt8Helium(Kernel):
    """Convolutions whose windows are multiplied by chunks."""

    joins_rows = True
    pixels_at_once = 4
    backend = "helium"
    operators = ("CONV_2D",)
    params = "mr_conv_2d_s8_helium_params"
    source = "conv"
    features = frozenset({"mve"})

    @abstractmethod
    def unfit(self, chunks: int) -> str | None:
        """Why it does not compute windows of so many chunks, or None if it does."""

    def step_cost(self, op: OpView) -> float:
        return 430.0

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        if shape.window["dilation_width"] > 1:
            return "is for windows that are not dilated in width"
        channels = op.output().shape[3]
        if channels % CHANNELS:
            return f"needs a multiple of {CHANNELS} output channels, not {channels}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], channels)}
        return self.unfit(chunks(shape)) or too_large(extents) or rejected(outputs(op, shape))

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        found = windows(shape)
        taps, table = scaled(shape.weights, outputs(op, shape), op.output().zero_point)
        order = [0, *range(chunks(shape) - 1, 0, -1)] if chunks(shape) <= LONGEST else None
        if found.source == COLUMNS:
            taps = taps.swapaxes(1, 2)
        constants = [Constant("weights", pack(taps, table, order), alignment=16)]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, _ = op.output().shape
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "padding": Const("padding") if shape.pads else 0,
                "scratch": Scratch(),
                "in_channels": op.input().shape[3],
                "out_channels": op.output().shape[3],
                "chunks": chunks(shape),
                **asdict(found),
                "zero_point": op.output().zero_point,
                "least": least,
                "most": most,
            },
            constants=tuple(constants),
            scratch=found.scratch(target),
            rows=batches * height,
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        pixels = op.output().elements / channels
        groups = -(-pixels // PIXELS)
        pair = 14.0 * chunks(shape) + pair_overhead(op)
        if chunks(shape) > LONGEST:
            pair += 3.0 + chunks(shape) / 2.0
        found = windows(shape)
        width = shape.window["out_width"]
        per_row = 0.0 if found.source == PIXELS_OF_IMAGE else 60.0 + width % PIXELS * 40.0
        copies = copied(shape, found)
        return groups * (channels / 2.0 * pair + 14.0) + pixels / width * (per_row + copies)


class Conv2DInt8Helium(_Conv2DInt8Helium):
    name = "conv_2d_s8_helium"
    function = "mr_conv_2d_s8_helium"

    def unfit(self, chunks: int) -> str | None:
        if chunks <= LONGEST:
            return None
        return f"is for windows of up to {LONGEST * VECTOR} elements"


class DeepConv2DInt8Helium(_Conv2DInt8Helium):
    name = "conv_2d_deep_s8_helium"
    function = "mr_conv_2d_deep_s8_helium"

    def unfit(self, chunks: int) -> str | None:
        if chunks > LONGEST:
            return None
        return f"is for windows of more than {LONGEST * VECTOR} elements"


def pair_overhead(op: OpView) -> float:
    """Instructions that make the outputs of two sums of each of four pixels."""
    return 18.0 if op.output().zero_point == -128 else 20.5


def copied(shape: Geometry, found: Windows) -> float:
    """Instructions that copy what is under an output row."""
    window = shape.window
    rows, width, inputs = window["kernel_height"], window["out_width"], shape.group_inputs
    if found.source == COLUMNS:
        columns = min((width - 1) * window["stride_width"] + rows, window["in_width"])
        return rows * (25.0 + columns * (5.0 if inputs <= VECTOR else 18.0 + inputs / 5.0))
    if found.source == WINDOWS:
        return 200.0 + 13.0 * width
    if found.source == PILES:
        pile = found.step / (window["kernel_width"] * inputs)
        return (25.0 * pile + width * (25.0 + 8.0 * pile)) / found.pile_rows
    return 0.0


def outputs(op: OpView, shape: Geometry) -> Array | str:
    """Bias, multiplier, offset and shift of each channel, or why there are none that give exact
    results: see output_table. The zero point is folded into the biases."""
    table = output_table(op, shape.weights, folded_biases(op, shape.weights), REACH)
    return table if isinstance(table, str) else to_the_left(table)


def scaled(weights: Array, table: Array | str, zero_point: int) -> tuple[Array, Array]:
    """Weights [output, ...], and mr_helium_scaling [output] for `outputs`: offsets are left out. A
    channel of one output has no multiplier there; it gets weights of zero and a bias that makes
    this output."""
    assert not isinstance(table, str), table
    bias, multiplier, offset, shift = table[: len(weights)].T.copy()
    dead = multiplier == 0
    constants = offset[dead] // 2
    bias[dead], multiplier[dead] = 4 * (constants - zero_point), 1 << 30
    lively = np.where(dead, 0, 1).astype(np.int8).reshape(-1, *[1] * (weights.ndim - 1))
    return weights * lively, np.stack([bias, multiplier, shift], axis=1)


def to_the_left(table: Array) -> Array:
    """Rows of an output_table as mr_helium_output has them: its shifts are to the left."""
    signs = np.array([1, 1, 1, -1], np.int32)
    shifted: Array = table * signs
    return shifted


def chunks(shape: Geometry) -> int:
    """Vectors of a window."""
    return -(-shape.taps // VECTOR)


def windows(shape: Geometry) -> Windows:
    """Windows are in the image where each is a run of it. Otherwise there are as many strips as the
    rows that a group of pixels may spread over."""
    window = shape.window
    height, width, inputs = window["kernel_height"], window["kernel_width"], shape.group_inputs
    stride, out_width = window["stride_width"], window["out_width"]
    if height == 1 and not shape.has_broken_windows:
        source = PIXELS_OF_IMAGE if shape.joins_rows else IMAGE
        part = int(shape.taps % VECTOR != 0)
        return Windows(source, stride * inputs, part, part * window["in_width"] * inputs, 1)
    strips = 1 if out_width % PIXELS == 0 else 1 + -(-(PIXELS - 1) // out_width)
    span = width * inputs
    if height == 3 and VECTOR - shape.taps <= span <= VECTOR:
        return Windows(WINDOWS, shape.taps, strips, out_width * shape.taps, height)
    if span <= VECTOR and window["dilation_height"] == 1:
        return _piles(window, span)
    columns = max((out_width - 1) * stride + width, window["pad_left"])
    return Windows(
        COLUMNS, stride * height * inputs, strips, columns * height * inputs, height
    )  # fmt: skip


def _piles(window: dict[str, int], span: int) -> Windows:
    """Piles for as many output rows as fit."""
    most = PILED // (window["out_width"] * span)
    rows = max(1, (most - window["kernel_height"]) // window["stride_height"] + 1)
    rows = min(rows, window["out_height"])
    pile = (rows - 1) * window["stride_height"] + window["kernel_height"]
    return Windows(PILES, pile * span, 1, window["out_width"] * pile * span, pile, rows)


def pack(weights: Array, table: Array, order: Sequence[int] | None = None) -> Array:
    """Weights [output, ...] and mr_helium_scaling [output] as bytes: for each pair of outputs,
    weights [chunk][2][VECTOR] filled up with zeros, chunks in a certain order, then the pair's rows
    of the table as words of both."""
    pairs = weights.shape[0] // 2
    taps = weights.reshape(weights.shape[0], -1)
    padded = np.zeros((weights.shape[0], -(-taps.shape[1] // VECTOR) * VECTOR), np.int8)
    padded[:, : taps.shape[1]] = taps
    chunked = padded.reshape(pairs, 2, -1, VECTOR).swapaxes(1, 2)
    chunked = chunked if order is None else chunked[:, list(order)]
    words = table.astype("<i4").reshape(pairs, 2, -1).swapaxes(1, 2)
    rows = np.ascontiguousarray(words).view(np.int8).reshape(pairs, -1)
    return np.concatenate([chunked.reshape(pairs, -1), rows], axis=1).reshape(-1)


KERNELS = (Conv2DInt8Helium(), DeepConv2DInt8Helium())
