# SPDX-License-Identifier: Apache-2.0
"""CONV_2D with SMLAD: int8, sums of four output channels from three accumulators (quads.py), whose
outputs are lines of the sums (line.py)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.kernels.base import Kernel, Lowering, wrong_type
from microlith.kernels.dsp.conv import BLOCK, blocks, gathers
from microlith.kernels.dsp.conv_line import broken_part, stream_lowering
from microlith.kernels.dsp.line import Form, Lines, fit_lines, spans
from microlith.kernels.dsp.quads import HIGH, LANES, LOW, not_quads, pack_quads
from microlith.kernels.portable.accumulate import folded_biases
from microlith.kernels.portable.conv import Geometry, conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.targets.target import Target

PIXELS = 2
"""Output pixels that are computed together."""

FORM = Form(raised=8, shift=13)

TURN = 8
"""Blocks of a turn of the kernels' loop."""


class Conv2DInt8QuadsLine(Kernel):
    """A convolution in one group of channels to a multiple of four channels."""

    pixels_at_once = PIXELS

    name = "conv_2d_s8_quads_line"
    backend = "dsp"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_s8_quads_line"
    params = "mr_conv_2d_s8_quads_params"
    source = "conv_quads"
    features = frozenset({"dsp"})
    bent: ClassVar[bool] = False
    """Whether lines are bent, see line.py."""

    quad_cost: ClassVar[float] = 50.0
    """Instructions of four channels and two pixels besides products."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        channels = op.output().shape[3]
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        if channels % LANES:
            return f"is for a multiple of {LANES} output channels, not {channels}"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], channels)}
        lines = self._lines(op, shape)
        not_lines = lines if isinstance(lines, str) else None
        # lines have checked the sums; weights may still not be packable
        return too_large(extents) or not_quads(shape.weights, 0) or not_lines

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        return stream_lowering(
            op,
            self._stream(op, shape),
            blocks=blocks(shape),
            gathers=gathers(shape),
            scratch=_scratch(shape, target),
        )

    def _lines(self, op: OpView, shape: Geometry) -> Lines | str:
        """Of all channels, or why there are none."""
        least, most = spans(shape.weights, (-128, 127))
        biases = folded_biases(op, shape.weights).astype(np.int64)
        return fit_lines(op, least + biases, most + biases, bent=self.bent, form=FORM)

    def _stream(self, op: OpView, shape: Geometry) -> Array:
        """int32 [four channels][what sums start with, weights, lines]."""
        lines = self._lines(op, shape)
        assert not isinstance(lines, str), lines
        folded = folded_biases(op, shape.weights).astype(np.int64)
        biases = np.where(lines.flat, 0, folded).reshape(-1, LANES)
        starts = (biases[:, LOW] + (biases[:, HIGH] << 8)) & 0xFFFFFFFF
        weights = pack_quads(shape.weights).reshape(len(biases), -1)
        parts = [*([lines.drops] if self.bent else []), lines.multipliers, lines.offsets]
        ends = (np.stack(parts, axis=1) & 0xFFFFFFFF).reshape(len(biases), -1)
        words = np.ascontiguousarray(weights).view(np.uint32)
        return np.concatenate(
            [starts.astype(np.uint32), words, ends.astype(np.uint32)], axis=1
        ).view(np.int32)

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        channels = op.output().shape[3]
        turns = -(-blocks(shape) // TURN)
        quad = blocks(shape) * 16.0 + turns * 2.0 + self.quad_cost
        return op.output().elements / channels * (channels / LANES * quad + _packed(shape)) / PIXELS


def _scratch(shape: Geometry, target: Target) -> int:
    """Row pointers for each pixel, packed inputs, copies of windows where any are needed."""
    pointers = PIXELS * shape.window["kernel_height"] * target.pointer_size
    copied = gathers(shape) or shape.has_broken_windows
    copies = PIXELS * BLOCK * blocks(shape) if copied else 0
    return pointers + 16 * blocks(shape) + copies


def _packed(shape: Geometry) -> float:
    """Instructions that find two windows, pack them and go through them."""
    height = shape.window["kernel_height"]
    copies = PIXELS * height * (45.0 + 1.3 * shape.taps / height)
    packing = 80.0 + 8.0 * blocks(shape)
    if height == shape.window["kernel_width"] == 1:
        return packing
    if gathers(shape):
        return packing + copies
    return packing + height * 30.0 + copies * broken_part(shape.window)


class Conv2DInt8QuadsBent(Conv2DInt8QuadsLine):
    name = "conv_2d_s8_quads_bent"
    function = "mr_conv_2d_s8_quads_bent"
    bent = True
    quad_cost = 70.0


KERNELS = (Conv2DInt8QuadsLine(), Conv2DInt8QuadsBent())
