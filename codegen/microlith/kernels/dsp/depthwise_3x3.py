# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D of 3 x 3 taps with SMLAD: int8, strides 1 and 2, two output rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, InRows, Kernel, Lowering, OutRows, Scratch
from microlith.kernels.dsp.depthwise import LANES, REACH, block_channels, unfit
from microlith.kernels.dsp.line import Form, fit_lines, spans
from microlith.kernels.dsp.output import plain_biases
from microlith.kernels.dsp.scaled import Scaling, scaled_constants
from microlith.kernels.portable.conv import Geometry, geometry, padding_row
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target

FORM = Form(shift=13)


class Depthwise3x3(Kernel):
    """What both strides have in common: outputs are lines of the sums, weights take a byte."""

    rows_at_once = 2
    backend = "dsp"
    operators = ("DEPTHWISE_CONV_2D",)
    features = frozenset({"dsp"})
    stride: ClassVar[int]
    column_bytes: ClassVar[int]
    """Scratch for an output column."""

    extra_columns: ClassVar[int]
    """Columns of scratch beyond those of outputs."""

    order: ClassVar[tuple[int, ...]]
    """Which tap each byte of a channel's weights is, 3 * row + column; 9 for none."""

    column_instructions: ClassVar[tuple[float, float]]
    """For two outputs of a channel, and to widen what they need of LANES channels."""

    def rejects(self, op: OpView) -> str | None:
        shape = geometry(op)
        window = shape.window
        sides = {"kernel": 3, "stride": self.stride, "dilation": 1}
        if any(
            window[f"{n}_{axis}"] != v for n, v in sides.items() for axis in ("height", "width")
        ):
            return f"is for 3 x 3 taps at stride {self.stride}"
        reason = self.misaligned(window) or unfit(op)
        if reason is None and activation_range(op.attributes.activation, op.output()) != (
            -128,
            127,
        ):
            reason = "is for outputs from -128 to 127"
        if reason is None:
            found = self.channels(op, shape)
            reason = found if isinstance(found, str) else None
        return reason

    def channels(self, op: OpView, shape: Geometry) -> Array | str:
        """Words of each channel, int64[channel, words]; or why there are none."""
        taps = shape.weights.reshape(-1, 9).astype(np.int64)
        biases = plain_biases(op, len(taps)) - (op.input().zero_point + 128) * taps.sum(axis=1)
        least, most = spans(taps, (0, 255))
        lines = fit_lines(op, least + biases, most + biases, form=FORM)
        if isinstance(lines, str):
            return lines
        ends = [lines.multipliers, lines.offsets]
        taken = np.pad(taps, ((0, 0), (0, 1)))[:, list(self.order)] & 0xFF
        words = (taken.reshape(len(taps), 3, 4) << np.arange(0, 32, 8)).sum(axis=2)
        raised_biases = np.where(lines.flat, 0, biases) << FORM.raised
        return np.concatenate([np.stack(ends, 1), words, raised_biases[:, None]], 1)

    def misaligned(self, window: Mapping[str, int]) -> str | None:
        """Why pairs of columns do not fit the image, or None."""
        return None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        words = self.channels(op, shape)
        assert not isinstance(words, str), words
        table = (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
        constants = [Constant("channels", table[block_channels(len(table))].reshape(-1))]
        if shape.pads:
            constants.append(Constant("padding", padding_row(op)))
        batches, height, width, channels = op.output().shape
        params: dict[str, Argument] = {
            "input": InRows(0),
            "output": OutRows(),
            "window": shape.window,
            "channels_of_blocks": Const("channels"),
            "padding": Const("padding") if shape.pads else 0,
            "scratch": Scratch(),
            "channels": channels,
            "input_offset": -op.input().zero_point,
        }
        return Lowering(
            params={**params, **self.more_params(shape.window)},
            constants=tuple(constants),
            scratch=(width + self.extra_columns) * self.column_bytes,
            rows=batches * height,
        )

    def more_params(self, window: Mapping[str, int]) -> Mapping[str, Argument]:
        """Parameters that only one stride has."""
        return {}

    def cost(self, op: OpView, target: Target) -> float:
        batches, height, width, channels = op.output().shape
        column, widened = self.column_instructions
        block = LANES * (width * column + 23.0) + width * widened + 40.0
        return batches * -(-height // 2) * (-(-channels // LANES) * block + 130.0)


class Depthwise3x3Int8Dsp(Depthwise3x3):
    name = "depthwise_conv_2d_3x3_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_s8_dsp"
    params = "mr_depthwise_conv_2d_3x3_s8_dsp_params"
    source = "depthwise_3x3"
    stride = 1
    column_bytes = 32
    extra_columns = 2
    order = (1, 0, 4, 3, 3, 2, 6, 5, 5, 4, 8, 7)
    column_instructions = (24.2, 26.0)

    def more_params(self, window: Mapping[str, int]) -> Mapping[str, Argument]:
        used = window["out_width"] + self.extra_columns
        return {"pad_right": used - window["in_width"] - window["pad_left"]}


class Depthwise3x3ShiftsInt8Dsp(Depthwise3x3Int8Dsp):
    """For channels whose scales lie too far apart for lines with one shift."""

    name = "depthwise_conv_2d_3x3_shifts_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_shifts_s8_dsp"
    column_instructions = (25.6, 22.0)

    def channels(self, op: OpView, shape: Geometry) -> Array | str:
        """Rows 0 and 1 of each column, rows 1 and 2 of each column."""
        weights = shape.weights
        biases = plain_biases(op, weights.shape[0])
        scalings = scaled_constants(op, weights, biases, REACH, own_shifts=True)
        if isinstance(scalings, str):
            return scalings
        heads = [(scaling.multiplier, scaling.offset) for scaling in scalings]
        taps = raised(weights, scalings)
        pairs = [paired(taps[:, 0], taps[:, 1]), paired(taps[:, 1], taps[:, 2])]
        ends = [raised(biases, scalings), np.array([scaling.shift for scaling in scalings])]
        return np.concatenate([np.array(heads, np.int64), *pairs, np.stack(ends, 1)], 1)


class Depthwise3x3Stride2Int8Dsp(Depthwise3x3):
    name = "depthwise_conv_2d_3x3_stride2_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_stride2_s8_dsp"
    params = "mr_depthwise_conv_2d_3x3_stride2_s8_dsp_params"
    source = "depthwise_3x3_stride2"
    stride = 2
    column_bytes = 80
    extra_columns = 1
    order = (3, 0, 4, 1, 2, 6, 5, 7, 9, 8, 9, 9)
    column_instructions = (29.0, 60.0)

    def misaligned(self, window: Mapping[str, int]) -> str | None:
        if window["pad_left"] or window["in_width"] % 2:
            return "is for images of even width without padding on the left"
        return None


def raised(values: Array, scalings: list[Scaling]) -> Array:
    """Weights or biases [channel, ...] as the kernels want them: int64, raised by `up` bits, zeros
    in dead channels; the weights' trailing axis of one is dropped."""
    factors = np.array([0 if s.dead else 1 << s.up for s in scalings], np.int64)
    result: Array = (values.reshape(len(scalings), -1) * factors[:, None]).reshape(
        (-1, 3, 3) if values.ndim > 1 else -1
    )
    return result


def paired(low: Array, high: Array) -> Array:
    """Words of 16-bit halves."""
    words: Array = (low & 0xFFFF) + (high << 16)
    return words


KERNELS = (Depthwise3x3Int8Dsp(), Depthwise3x3ShiftsInt8Dsp(), Depthwise3x3Stride2Int8Dsp())
