# SPDX-License-Identifier: Apache-2.0
"""DEPTHWISE_CONV_2D of 3 x 3 taps with SMLAD: int8, strides 1 and 2, two output rows at a time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, InRows, Kernel, Lowering, OutRows, Scratch
from microlith.kernels.dsp.depthwise import LANES, REACH, block_channels, unfit
from microlith.kernels.dsp.output import plain_biases
from microlith.kernels.dsp.scaled import Scaling, scaled_constants
from microlith.kernels.portable.conv import Geometry, geometry, padding_row
from microlith.targets.target import Target


class Depthwise3x3(Kernel):
    """What both strides have in common."""

    backend = "dsp"
    operators = ("DEPTHWISE_CONV_2D",)
    features = frozenset({"dsp"})
    stride: ClassVar[int]
    column_bytes: ClassVar[int]
    """Scratch for an output column."""

    extra_columns: ClassVar[int]
    """Columns of scratch beyond those of outputs."""

    own_shifts: ClassVar[bool] = False
    """Whether each channel has its own shift, as its last word."""

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
        if reason is None:
            scalings = self.scalings(op, shape)
            reason = scalings if isinstance(scalings, str) else None
        return reason

    def scalings(self, op: OpView, shape: Geometry) -> list[Scaling] | str:
        """Of all channels, or why there are none."""
        weights = shape.weights
        biases = plain_biases(op, weights.shape[0])
        return scaled_constants(op, weights, biases, REACH, own_shifts=self.own_shifts)

    def misaligned(self, window: Mapping[str, int]) -> str | None:
        """Why pairs of columns do not fit the image, or None."""
        return None

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        scalings = self.scalings(op, shape)
        assert not isinstance(scalings, str), scalings
        table = self.pack_channels(raised(shape.weights, scalings))
        biases = raised(plain_biases(op, len(scalings)), scalings)
        words = [table, biases[:, None]]
        if self.own_shifts:
            words.append(np.array([[scaling.shift] for scaling in scalings]))
        constants = [Constant("channels", channel_table(words, scalings))]
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

    @abstractmethod
    def pack_channels(self, taps: Array) -> Array:
        """Words of weights of each channel, int64[channel, words], of `taps` [channel, 3, 3]."""

    def cost(self, op: OpView, target: Target) -> float:
        batches, height, width, channels = op.output().shape
        column, widened = self.column_instructions
        block = LANES * (width * column + 25.0) + width * widened + 40.0
        return batches * -(-height // 2) * (-(-channels // LANES) * block + 130.0)


class Depthwise3x3Int8Dsp(Depthwise3x3):
    name = "depthwise_conv_2d_3x3_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_s8_dsp"
    params = "mr_depthwise_conv_2d_3x3_s8_dsp_params"
    source = "depthwise_3x3"
    stride = 1
    column_bytes = 32
    extra_columns = 2
    column_instructions = (25.0, 22.0)

    def more_params(self, window: Mapping[str, int]) -> Mapping[str, Argument]:
        used = window["out_width"] + self.extra_columns
        return {"pad_right": used - window["in_width"] - window["pad_left"]}

    def pack_channels(self, taps: Array) -> Array:
        """Rows 0 and 1 of each column, rows 1 and 2 of each column."""
        return np.concatenate([paired(taps[:, 0], taps[:, 1]), paired(taps[:, 1], taps[:, 2])], 1)


class Depthwise3x3ShiftsInt8Dsp(Depthwise3x3Int8Dsp):
    """For channels whose scales lie too far apart for one shift."""

    name = "depthwise_conv_2d_3x3_shifts_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_shifts_s8_dsp"
    own_shifts = True
    column_instructions = (27.5, 22.0)


class Depthwise3x3Stride2Int8Dsp(Depthwise3x3):
    name = "depthwise_conv_2d_3x3_stride2_s8_dsp"
    function = "mr_depthwise_conv_2d_3x3_stride2_s8_dsp"
    params = "mr_depthwise_conv_2d_3x3_stride2_s8_dsp_params"
    source = "depthwise_3x3_stride2"
    stride = 2
    column_bytes = 80
    extra_columns = 1
    column_instructions = (28.5, 50.0)

    def scalings(self, op: OpView, shape: Geometry) -> list[Scaling] | str:
        """Of all channels, or why there are none."""
        weights = shape.weights
        biases = plain_biases(op, weights.shape[0])
        return scaled_constants(op, weights, biases, REACH, own_shifts=self.own_shifts)

    def misaligned(self, window: Mapping[str, int]) -> str | None:
        if window["pad_left"] or window["in_width"] % 2:
            return "is for images of even width without padding on the left"
        return None

    def pack_channels(self, taps: Array) -> Array:
        """Columns 0 and 1 of each row, column 2 of rows 0 and 1, of row 2 and zero."""
        third = np.pad(taps[:, :, 2], ((0, 0), (0, 1)))
        return np.concatenate(
            [paired(taps[:, :, 0], taps[:, :, 1]), paired(third[:, ::2], third[:, 1::2])], 1
        )


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


def channel_table(words: list[Array], scalings: list[Scaling]) -> Array:
    """int32 [block][LANES][multiplier, offset, words of the channel]."""
    heads = np.array([(scaling.multiplier, scaling.offset) for scaling in scalings], np.int64)
    table = np.concatenate([heads, *words], 1)
    return table.astype(np.int32)[block_channels(len(scalings))].reshape(-1)


KERNELS = (Depthwise3x3Int8Dsp(), Depthwise3x3ShiftsInt8Dsp(), Depthwise3x3Stride2Int8Dsp())
