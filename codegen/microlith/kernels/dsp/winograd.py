# SPDX-License-Identifier: Apache-2.0
"""CONV_2D by Winograd's minimal filtering: int8, 3 x 3 at stride 1, in tiles of 2 x 2 or 4 x 4
outputs, exact in integers modulo 2^32.

For a tile of inputs D (t + 2 squared) and weights g, the outputs (t squared) are
A' [(G g G') * (B' D B)] A, summed over channels. `Scheme.weights` is G times `Scheme.multiple`, so
that sums are multiple^2 times the outputs; a factor with the inverse of its odd part takes them
back, which is exact because it is so modulo 2^32.

Sums become outputs as in scaled.py: the reference's two roundings, for a sum that is not negative,
are floor((sum * m + 2^30) / 2^(31 + e) + 1/2), and for a negative one a 2^31 less in the
parenthesis. SMMLA computes it of a sum raised by d = OUTPUT_SHIFT + 1 - e bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import (
    Const,
    InRows,
    Kernel,
    Lowering,
    OutRows,
    Scratch,
    wrong_type,
)
from microlith.kernels.portable.accumulate import output_factors
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range, quantize_multiplier, requantize
from microlith.targets.target import Target

OUTPUT_SHIFT = 16
"""An immediate of the assembly."""

GROUP = 4
"""Input channels that are transformed together."""

FEW_GROUPS = 8
"""Groups up to which a position takes no loop."""

TILE_WORDS = 72 + 4
"""Of a mr_winograd_tile, apart from its seven pointers."""


@dataclass(frozen=True)
class Scheme:
    """Tiles of `tile` x `tile` outputs. `weights` and `outputs` are G and A'. Inputs have `shift`
    added, and `lift` is added to transformed ones of the channels that lie in lower halves."""

    tile: int
    multiple: int
    weights: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    shift: int = 0
    lift: int = 0
    input_cost: float = 0.0
    """Instructions that transform a group of a tile."""

    output_cost: float = 0.0
    """Those that make outputs of a tile's sums of one channel."""

    @property
    def size(self) -> int:
        """Inputs of a tile's row."""
        return self.tile + 2

    @property
    def least_up(self) -> int:
        """Bits by which outputs are raised at least: the even part of multiple^2."""
        even = self.multiple & -self.multiple
        return 2 * (even.bit_length() - 1)

    @property
    def inverse(self) -> int:
        """Of the odd part of multiple^2, modulo 2^32."""
        return pow(self.multiple**2 >> self.least_up, -1, 1 << 32)


TWO = Scheme(
    tile=2,
    multiple=2,
    weights=((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    outputs=((1, 1, 1, 0), (0, 1, -1, -1)),
    input_cost=270.0,
    output_cost=100.0,
)

FOUR = Scheme(
    tile=4,
    multiple=24,
    weights=((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 12)),
    outputs=((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 2)),
    shift=128,
    lift=12800,
    input_cost=690.0,
    output_cost=325.0,
)


class Winograd(Kernel):
    """A convolution in tiles of `scheme`, for any outputs."""

    backend = "dsp"
    operators = ("CONV_2D",)
    params = "mr_winograd_s8_params"
    source = "winograd"
    features = frozenset({"dsp"})
    scheme: ClassVar[Scheme]
    only_positive: ClassVar[bool] = False
    """Whether outputs must be at least their zero point, which is the least of int8."""

    def rejects(self, op: OpView) -> str | None:
        wrong = wrong_type(op, DType.INT8)
        if wrong:
            return wrong
        shape = geometry(op)
        if shape.groups != 1:
            return f"is for one group of channels, not {shape.groups}"
        window = shape.window
        if window["kernel_height"] != 3 or window["kernel_width"] != 3:
            return f"is for windows of 3x3, not {window['kernel_height']}x{window['kernel_width']}"
        steps = ("stride_height", "stride_width", "dilation_height", "dilation_width")
        if any(window[step] != 1 for step in steps):
            return "is for strides and dilations of 1"
        extents = conv_window(op) | {"channels": max(op.input().shape[3], op.output().shape[3])}
        if self.only_positive and not _is_positive(op):
            return "is for outputs from a zero point of -128 to 127"
        table = output_table(op, shape.weights, self.scheme)
        return too_large(extents) or (table if isinstance(table, str) else None)

    def lower(self, op: OpView, target: Target) -> Lowering:
        scheme, shape = self.scheme, geometry(op)
        table = output_table(op, shape.weights, scheme)
        assert not isinstance(table, str), table
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, _ = op.output().shape
        weights = pack(transformed(shape.weights, scheme))
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": shape.window,
                "weights": Const("weights"),
                "outputs": Const("outputs"),
                "padding": Const("padding"),
                "scratch": Scratch(),
                "in_channels": op.input().shape[3],
                "out_channels": op.output().shape[3],
                "groups": groups(op),
                "least": least,
                "most": most,
            },
            constants=(
                Constant("weights", weights, alignment=4),
                Constant("outputs", table),
                Constant("padding", _padding(op, scheme)),
            ),
            scratch=self._scratch(op, target),
            rows=batches * height,
        )

    def _scratch(self, op: OpView, target: Target) -> int:
        """Slots, input of a tile, pointers to pixels, a copy of a tile's input."""
        size, tile = self.scheme.size, self.scheme.tile
        slots = size**2 * 16 * (groups(op) + 1)
        pointers = (6 + 1 + 2 * tile**2) * target.pointer_size
        return slots + TILE_WORDS * 4 + pointers + size**2 * op.input().shape[3] + 3

    def cost(self, op: OpView, target: Target) -> float:
        scheme = self.scheme
        count, channels = groups(op), op.output().shape[3]
        batches, height, width, _ = op.output().shape
        columns = -(-width // scheme.tile)
        looped = 0.0 if count <= FEW_GROUPS else 5.0 + 3.0 * -(-count // FEW_GROUPS)
        products = scheme.size**2 * (10.0 * count + 5.0 + looped) + 50.0
        outputs = scheme.output_cost - (2.0 * scheme.tile**2 if self.only_positive else 0.0)
        inputs = count * scheme.input_cost + scheme.size * 120.0 + scheme.tile**2 * 8.0
        pairs = -(-columns // 2) * -(-channels // 2)
        per_row = pairs * products + columns * (channels * outputs + inputs)
        return batches * -(-height // scheme.tile) * per_row


def groups(op: OpView) -> int:
    """Groups of input channels."""
    return -(-int(op.input().shape[3]) // GROUP)


def transformed(weights: Array, scheme: Scheme) -> Array:
    """[output, row, column, input] → G g G' [output, row, column, input] of a tile's positions."""
    matrix = np.array(scheme.weights, np.int64)
    result: Array = np.einsum("ik,jl,oklc->oijc", matrix, matrix, weights.astype(np.int64))
    return result


def pack(weights: Array) -> Array:
    """[output, row, column, input] → int16 [pair of outputs][column][row][group][channels 0 and 2,
    1 and 3][output][channel]: the last group ends with the last input."""
    outputs, size, _, inputs = weights.shape
    whole = inputs // GROUP * GROUP
    padded = np.zeros((-(-outputs // 2) * 2, size, size, -(-inputs // GROUP) * GROUP), np.int16)
    padded[:outputs, :, :, :whole] = weights[..., :whole]
    rest = inputs - whole
    if rest:
        start = padded.shape[3] - rest if whole else 0
        padded[:outputs, :, :, start : start + rest] = weights[..., whole:]
    # axes: pair, output, row, column, group, upper or lower half, odd or even channel
    split = padded.reshape(-1, 2, size, size, padded.shape[3] // GROUP, 2, 2)
    packed: Array = split.transpose(0, 3, 2, 4, 6, 1, 5)
    return np.ascontiguousarray(packed)


def output_table(op: OpView, weights: Array, scheme: Scheme) -> Array | str:
    """How sums become outputs: int32 [output][factor, multiplier, offset, sign, biases ...], the
    fields of a mr_winograd_output; or why that would not be exact."""
    factors = output_factors(op)
    pairs = [quantize_multiplier(factor) for factor in factors] * (len(weights) // len(factors))
    data = op.input(2).data if op.has_input(2) else None
    biases = np.zeros(len(weights), np.int64) if data is None else data.reshape(-1)
    lifts = _lifts(weights, scheme)
    rows = []
    for channel, pair in enumerate(pairs):
        row = _row(op, weights[channel], int(biases[channel]), pair, lifts[channel], scheme)
        if isinstance(row, str):
            return f"channel {channel}: {row}"
        rows.append(row)
    return np.array(rows, np.int64).astype(np.uint32).view(np.int32).reshape(-1)


def _row(
    op: OpView, weights: Array, bias: int, pair: tuple[int, int], lifts: list[int], scheme: Scheme
) -> list[int] | str:
    """A row of the table, modulo 2^32, for a channel that is scaled by the reference's `pair` of
    multiplier and shift; `lifts` are shares of sums for each output of a tile that `lift` added."""
    multiplier, shift = pair
    total = int(weights.sum(dtype=np.int64))
    folded = bias - op.input().zero_point * total
    span = 128 * int(np.abs(weights.astype(np.int64)).sum())
    low, high = folded - span, folded + span
    if low < -(1 << 31) or high >= 1 << 31:
        return f"sums from {low} to {high} do not fit 32 bits"
    zero_point = op.output().zero_point
    if shift <= 0 and requantize(low, *pair) == requantize(high, *pair):
        # Requantisation is monotone: whatever the sum is, the output is the same.
        constant = min(max(requantize(low, *pair) + zero_point, -128), 127)
        return [0, 0, (2 * constant + 1) << (OUTPUT_SHIFT - 1), 0] + [0] * len(lifts)
    up = OUTPUT_SHIFT + 1 + shift
    if not max(scheme.least_up, 2) <= up <= OUTPUT_SHIFT:
        most = OUTPUT_SHIFT + 1 - max(scheme.least_up, 2)
        return f"sums are shifted by {-shift}, not 1 to {most}"
    if max(-low, high) << up >= 1 << 31:
        return f"sums from {low} to {high} cannot be raised by {up} bits"
    factor = scheme.inverse << (up - scheme.least_up)
    offset = (1 << (up - 2)) + (1 << (OUTPUT_SHIFT - 1)) + (zero_point << OUTPUT_SHIFT)
    start = (folded - scheme.shift * total) << up
    table = [factor, multiplier, offset, -(1 << (up - 1)), *(start - k * factor for k in lifts)]
    return [value % (1 << 32) for value in table]


def _lifts(weights: Array, scheme: Scheme) -> list[list[int]]:
    """What `lift` adds to sums, for each output of a tile [row][column]; [0], for all, if none."""
    if not scheme.lift:
        return [[0]] * len(weights)
    filters = transformed(weights, scheme)
    inputs = filters.shape[3]
    place = np.arange(inputs)
    rest = inputs % GROUP
    if rest and inputs > rest:
        place[-rest:] = np.arange(GROUP - rest, GROUP)
    lower = filters[..., place % GROUP < GROUP // 2].sum(axis=3) * scheme.lift
    matrix = np.array(scheme.outputs, np.int64)
    added = np.einsum("ri,sj,oij->ors", matrix, matrix, lower)
    return [[int(value) for value in tile.reshape(-1)] for tile in added]


def _is_positive(op: OpView) -> bool:
    bounds = activation_range(op.attributes.activation, op.output())
    return bounds == (-128, 127) and op.output().zero_point == -128


def _padding(op: OpView, scheme: Scheme) -> Array:
    """Zero points for a row of the image, or of a tile."""
    source = op.input()
    count = max(source.shape[2], scheme.size) * source.shape[3]
    return np.full(count, source.zero_point, np.int8)


class Winograd2x2(Winograd):
    rows_at_once = 2
    name = "winograd_2x2_s8"
    function = "mr_winograd_2x2_s8"
    scheme = TWO


class Winograd2x2Scaled(Winograd2x2):
    name = "winograd_2x2_s8_scaled"
    function = "mr_winograd_2x2_s8_scaled"
    only_positive = True


class Winograd4x4(Winograd):
    rows_at_once = 4
    name = "winograd_4x4_s8"
    function = "mr_winograd_4x4_s8"
    scheme = FOUR


class Winograd4x4Scaled(Winograd4x4):
    name = "winograd_4x4_s8_scaled"
    function = "mr_winograd_4x4_s8_scaled"
    only_positive = True


KERNELS = (Winograd2x2Scaled(), Winograd2x2(), Winograd4x4Scaled(), Winograd4x4())
