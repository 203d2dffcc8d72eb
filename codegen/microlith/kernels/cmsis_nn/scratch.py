# SPDX-License-Identifier: Apache-2.0
"""Bytes of scratch that CMSIS-NN 7.0.0 asks for: its functions arm_*_get_buffer_size.

Windows have the names of an mr_window; a test compares with the functions themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from microlith.kernels.cmsis_nn.library import Variant

Window = Mapping[str, int]

_LANES = 16
"""Elements of int8 in a vector of Helium."""

_BLOCK = 124
"""Channels that a depthwise convolution with Helium takes at a time."""


def conv_scratch(kind: Variant, window: Window, channels: int) -> int:
    """Of arm_convolve_wrapper_s8 for an input of that many channels."""
    if is_pointwise(window):
        return 0
    if is_one_row(window, channels) and kind == "mve":
        return _one_row_scratch(window, channels)
    return _im2col_scratch(kind, window, channels)


def depthwise_scratch(
    kind: Variant, window: Window, batches: int, channels: int, outputs: int
) -> int:
    """Of arm_depthwise_conv_wrapper_s8."""
    taps = window["kernel_height"] * window["kernel_width"]
    if kind == "mve" and becomes_conv(channels, outputs):
        return conv_scratch(kind, window, channels) + outputs * taps
    dilated = (window["dilation_height"], window["dilation_width"]) != (1, 1)
    if channels != outputs or batches != 1 or dilated:
        return 0
    if kind == "mve":
        return 4 * _BLOCK * taps
    small = max(window["pad_top"], window["pad_left"]) <= 1
    if window["kernel_height"] == window["kernel_width"] == 3 and small:
        return 0
    return 2 * channels * taps if kind == "dsp" else 0


def average_pool_scratch(kind: Variant, channels: int) -> int:
    """Of arm_avgpool_s8."""
    return 4 * channels if kind == "dsp" else 0


def conv_s16_scratch(kind: Variant, window: Window, channels: int) -> int:
    """Of arm_convolve_wrapper_s16: four windows filled up to whole vectors, or two."""
    taps = window["kernel_height"] * window["kernel_width"] * channels
    return 4 * 2 * (-(-taps // 8) * 8) if kind == "mve" else 2 * 2 * taps


def depthwise_s16_scratch(kind: Variant, window: Window, channels: int, outputs: int) -> int:
    """Of arm_depthwise_conv_wrapper_s16."""
    if kind == "scalar" or not is_fast_s16(window, channels, outputs):
        return 0
    taps = window["kernel_height"] * window["kernel_width"] * channels
    return 4 * 2 * taps + 8 if kind == "mve" else 2 * taps


def conv_s4_scratch(kind: Variant, window: Window, channels: int) -> int:
    """Of arm_convolve_wrapper_s4."""
    if kind == "mve":
        return conv_scratch(kind, window, channels)
    taps = window["kernel_height"] * window["kernel_width"] * channels
    return 0 if is_pointwise(window) else 2 * 2 * taps


def is_plain(window: Window, batches: int, channels: int, outputs: int) -> bool:
    """Whether a depthwise convolution with int4 weights runs in the library's fast function."""
    dilated = (window["dilation_height"], window["dilation_width"]) != (1, 1)
    return channels == outputs and batches == 1 and not dilated


def is_fast_s16(window: Window, channels: int, outputs: int) -> bool:
    """Whether a depthwise convolution of int16 runs in the library's fast function."""
    taps = window["kernel_height"] * window["kernel_width"]
    dilated = (window["dilation_height"], window["dilation_width"]) != (1, 1)
    return channels == outputs and not dilated and taps < 512


def is_pointwise(window: Window) -> bool:
    """Whether an output pixel depends on one input pixel: a 1 x 1 filter without padding."""
    ones = ("kernel_height", "kernel_width", "dilation_height", "dilation_width")
    return all(window[name] == 1 for name in ones) and not window["pad_top"] | window["pad_left"]


def is_one_row(window: Window, channels: int) -> bool:
    """Whether the function for images of one row is chosen, once the window is not pointwise."""
    return (
        window["in_height"] == window["kernel_height"] == window["dilation_width"] == 1
        and window["stride_width"] * channels % 4 == 0
    )


def becomes_conv(channels: int, outputs: int) -> bool:
    """Whether a depthwise convolution runs as an ordinary one with Helium."""
    return channels == 1 and outputs > 1


def _im2col_scratch(kind: Variant, window: Window, channels: int) -> int:
    """Four windows of bytes or two of 16-bit elements, filled up to whole vectors."""
    taps = window["kernel_height"] * window["kernel_width"] * channels
    if kind == "mve":
        return 4 * -(-taps // _LANES) * _LANES
    return 2 * 2 * (-(-taps // 4) * 4)


def _one_row_scratch(window: Window, channels: int) -> int:
    """The padded ends of the row, where their outputs and the others add up to all."""
    stride, kernel, pad = (window[name] for name in ("stride_width", "kernel_width", "pad_left"))
    outputs = window["out_width"]
    uneven = total_padding(window) % 2
    left = -(-pad // stride)
    right = -(-(pad + uneven) // stride)
    if left + right + max(outputs - left - right, 0) != outputs:
        return _im2col_scratch("mve", window, channels)
    right_pad = right if uneven else pad
    return max(kernel + pad, kernel - 1 + right_pad) * channels


def total_padding(window: Window) -> int:
    """Columns that windows reach beyond the image's width; negative where some are left out."""
    reach = (window["out_width"] - 1) * window["stride_width"] + window["kernel_width"]
    return reach - window["in_width"]
