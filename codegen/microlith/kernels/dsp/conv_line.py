# SPDX-License-Identifier: Apache-2.0
"""CONV_2D whose outputs are lines of the sums (line.py): int8, with SMLAL and two weights to a word
or with SMLAD and two weights to a halfword."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Const, InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.dsp.conv import BLOCK, PIXELS, SMLAL_CYCLES, blocks, gathers
from microlith.kernels.dsp.line import FORM, Form, Lines, fit_lines, spans
from microlith.kernels.dsp.output import plain_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry, padding_row
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

FIELD = 21
"""Bits of a sum inside an accumulator of SMLAL."""

TURN = 8
"""Blocks of a turn of the kernels' loop."""


def stream_lowering(
    op: OpView, stream: Array, *, blocks: int, gathers: bool, scratch: int
) -> Lowering:
    """Of a kernel that reads its weights and how outputs are made as one stream, `blocks` of a
    window at a time. `gathers` says that all windows have to be gathered."""
    shape = geometry(op)
    constants = [Constant("stream", stream)]
    if shape.pads:
        constants.append(Constant("padding", padding_row(op)))
    least, most = activation_range(op.attributes.activation, op.output())
    batches, height, _, channels = op.output().shape
    return Lowering(
        params={
            "input": InRows(0),
            "output": OutRows(),
            "window": shape.window,
            "stream": Const("stream"),
            "padding": Const("padding") if shape.pads else 0,
            "scratch": Scratch(),
            "in_channels": op.input().shape[3],
            "out_channels": channels,
            "blocks": blocks,
            "gathers": int(gathers),
            "least": least,
            "most": most,
        },
        constants=tuple(constants),
        scratch=scratch,
        rows=batches * height,
    )


class LineConvolution(Kernel):
    """A convolution in one group of channels to an even number of channels, three pixels and two
    channels at a time."""

    pixels_at_once = 3
    backend = "dsp"
    operators = ("CONV_2D",)
    params = "mr_conv_2d_s8_line_params"
    source = "conv_line"
    bent: ClassVar[bool] = False
    """Whether lines are bent, see line.py."""

    form: ClassVar[Form] = FORM

    block_bytes: ClassVar[int]
    """Scratch for a block of packed inputs."""

    inputs: ClassVar[tuple[int, int]]
    """Least and largest input as it is packed."""

    block_cost: ClassVar[float]
    """Instructions of a block of two channels and three pixels."""

    pair_cost: ClassVar[float]
    """Instructions of a pair of channels and three pixels besides."""

    pack_cost: ClassVar[float]
    """Instructions that pack a block of three pixels."""

    run_cost: ClassVar[float] = 76.0
    """Instructions that go to a row of three windows."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        channels = op.output().shape[3]
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        if channels % 2:
            return f"is for an even number of output channels, not {channels}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], channels)}
        return too_large(extents) or self.unfit(op, shape)

    def unfit(self, op: OpView, shape: Geometry) -> str | None:
        """Why its sums or weights cannot be packed, or None."""
        lines = self.lines(op, shape)
        return lines if isinstance(lines, str) else None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        return stream_lowering(
            op,
            self.stream(op, shape),
            blocks=blocks(shape),
            gathers=self.gathers(shape),
            scratch=self.scratch(shape, target),
        )

    def gathers(self, shape: Geometry) -> bool:
        """Whether all windows have to be gathered."""
        return gathers(shape)

    def scratch(self, shape: Geometry, target: Target) -> int:
        """Row pointers for each pixel, packed inputs, copies of windows where any are needed."""
        pointers = PIXELS * shape.window["kernel_height"] * target.pointer_size
        copied = self.gathers(shape) or shape.has_broken_windows
        copies = PIXELS * BLOCK * blocks(shape) if copied else 0
        return pointers + self.block_bytes * blocks(shape) + copies

    def biases(self, op: OpView, shape: Geometry) -> Array:
        """What the reference's sums have more than those of packed inputs: int64[channels]."""
        weights = shape.weights.reshape(shape.weights.shape[0], -1).astype(np.int64)
        zero_point = op.input().zero_point + self.inputs[0] + 128
        folded: Array = plain_biases(op, len(weights)) - zero_point * weights.sum(axis=1)
        return folded

    def lines(self, op: OpView, shape: Geometry) -> Lines | str:
        """Of all channels, or why there are none."""
        least, most = spans(shape.weights, self.inputs)
        biases = self.biases(op, shape)
        return fit_lines(op, least + biases, most + biases, bent=self.bent, form=self.form)

    def stream(self, op: OpView, shape: Geometry) -> Array:
        """int32 [pair of channels][what sums start with, weights, lines]."""
        lines = self.lines(op, shape)
        assert not isinstance(lines, str), lines
        biases = np.where(lines.flat, 0, self.biases(op, shape))
        parts = [lines.multipliers, lines.offsets, *([lines.drops] if self.bent else [])]
        ends = np.stack(parts, axis=1).reshape(len(biases) // 2, -1)
        taps = np.zeros((len(biases), blocks(shape) * BLOCK), np.int64)
        taps[:, : shape.taps] = shape.weights.reshape(len(biases), -1)
        starts = self.starts(biases[::2], biases[1::2])
        words = np.concatenate([starts, self.pack(taps[::2], taps[1::2]), ends], axis=1)
        result: Array = (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
        return result

    @abstractmethod
    def starts(self, first: Array, second: Array) -> Array:
        """What sums of pairs with these biases start with: int64[pairs, 2]."""

    @abstractmethod
    def pack(self, first: Array, second: Array) -> Array:
        """Words of weights [pair, tap]: int64[pairs, words]."""

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        turns = -(-blocks(shape) // TURN)
        pair = blocks(shape) * self.block_cost + turns * 3.0 + self.pair_cost
        return op.output().elements / channels * (channels / 2 * pair + self.packed(shape)) / PIXELS

    def packed(self, shape: Geometry) -> float:
        """Instructions that find three windows, pack them and go through them."""
        window, packing = shape.window, blocks(shape) * self.pack_cost
        height = window["kernel_height"]
        if height == window["kernel_width"] == 1:
            return 130.0 + packing
        copies = PIXELS * height * (45.0 + 1.3 * shape.taps / height)
        if self.gathers(shape):
            return 140.0 + packing + copies
        return 60.0 + height * self.run_cost + packing + copies * broken_part(window)


def broken_part(window: Mapping[str, int]) -> float:
    """Part of the windows that reach over the left or right side of the image."""
    lefts = np.arange(window["out_width"]) * window["stride_width"] - window["pad_left"]
    broken = (lefts < 0) | (lefts + window["kernel_width"] > window["in_width"])
    return float(broken.mean())


class Conv2DInt8SmlalLine(LineConvolution):
    name = "conv_2d_s8_smlal_line"
    cycles = SMLAL_CYCLES
    function = "mr_conv_2d_s8_smlal_line"
    features = frozenset({"dsp", "smlal"})
    block_bytes = 32
    inputs = (-128, 127)
    block_cost = 11.0
    pair_cost = 44.0
    pack_cost = 27.0
    run_cost = 42.0  # most are neighbours

    def gathers(self, shape: Geometry) -> bool:
        """Rows of windows need not be whole words."""
        return shape.window["dilation_width"] > 1

    def unfit(self, op: OpView, shape: Geometry) -> str | None:
        lines = self.lines(op, shape)
        if isinstance(lines, str):
            return lines
        half = 1 << (FIELD - 1)
        ends = [end + np.where(lines.flat, 0, self.biases(op, shape))
                for end in spans(shape.weights, self.inputs)]  # fmt: skip
        for least, most in (ends, [end[::2] + end[1::2] for end in ends]):
            largest = max(-least.min(), most.max())
            if largest >= half:
                return f"sums of pairs reach {largest}, not less than {half}"
        return None

    def starts(self, first: Array, second: Array) -> Array:
        half = 1 << (FIELD - 1)
        whole = (first + half) + ((first + second + half) << FIELD)
        high = (whole >> 32) + (second << (2 * FIELD - 32))
        return np.stack([whole, high], axis=1)

    def pack(self, first: Array, second: Array) -> Array:
        """[tap] first + 2^FIELD * second"""
        words: Array = first + (second << FIELD)
        return words


class Conv2DInt8SmlalBent(Conv2DInt8SmlalLine):
    name = "conv_2d_s8_smlal_bent"
    function = "mr_conv_2d_s8_smlal_bent"
    bent = True
    pair_cost = 58.0


class Conv2DInt8SmladLine(LineConvolution):
    name = "conv_2d_s8_smlad_line"
    function = "mr_conv_2d_s8_smlad_line"
    features = frozenset({"dsp"})
    block_bytes = 24
    inputs = (0, 255)
    block_cost = 17.0
    pair_cost = 37.0
    pack_cost = 15.0

    def unfit(self, op: OpView, shape: Geometry) -> str | None:
        both = shape.weights[::2].astype(np.int64) + 256 * shape.weights[1::2].astype(np.int64)
        if both.min() < -(1 << 15):
            return "has weights of -128 beside negative ones"
        return super().unfit(op, shape)

    def starts(self, first: Array, second: Array) -> Array:
        return np.stack([first, first + (second << 8)], axis=1) << (self.form.raised - 8)

    def pack(self, first: Array, second: Array) -> Array:
        """[block][taps 0 and 2, taps 1 and 3] first + 256 * second"""
        both = (first + (second << 8)).reshape(len(first), -1, BLOCK) & 0xFFFF
        words: Array = both[:, :, :2] + (both[:, :, 2:] << 16)
        return words.reshape(len(first), -1)


class Conv2DInt8SmladBent(Conv2DInt8SmladLine):
    name = "conv_2d_s8_smlad_bent"
    function = "mr_conv_2d_s8_smlad_bent"
    bent = True
    pair_cost = 50.0


class Conv2DInt8SmladLineWide(Conv2DInt8SmladLine):
    """For larger sums."""

    name = "conv_2d_s8_smlad_line_wide"
    function = "mr_conv_2d_s8_smlad_line_wide"
    form = Form(raised=9)


class Conv2DInt8SmladBentWide(Conv2DInt8SmladBent):
    name = "conv_2d_s8_smlad_bent_wide"
    function = "mr_conv_2d_s8_smlad_bent_wide"
    form = Form(raised=9)


KERNELS = (
    Conv2DInt8SmlalLine(),
    Conv2DInt8SmlalBent(),
    Conv2DInt8SmladLine(),
    Conv2DInt8SmladBent(),
    Conv2DInt8SmladLineWide(),
    Conv2DInt8SmladBentWide(),
)
