# SPDX-License-Identifier: Apache-2.0
"""What kernels that slide a window over an image have in common."""

from __future__ import annotations

from collections.abc import Mapping

from microlith.ir.graph import OpView
from microlith.ops.attributes import Extent

LARGEST_EXTENT = 0xFFFF
"""Of the 16-bit fields of an mr_window."""


def window_params(
    op: OpView,
    extents: tuple[Extent, Extent],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int] = (1, 1),
) -> dict[str, int]:
    """Values of an mr_window; pairs are (vertical, horizontal), in elements."""
    vertical, horizontal = extents
    return {
        "in_height": op.input().shape[1],
        "in_width": op.input().shape[2],
        "out_height": vertical.out,
        "out_width": horizontal.out,
        "kernel_height": kernel[0],
        "kernel_width": kernel[1],
        "stride_height": strides[0],
        "stride_width": strides[1],
        "dilation_height": dilations[0],
        "dilation_width": dilations[1],
        "pad_top": vertical.pad_before,
        "pad_left": horizontal.pad_before,
    }


def too_large(window: Mapping[str, int]) -> str | None:
    """Why a window does not fit an mr_window, or None."""
    largest = max(window.values())
    if largest > LARGEST_EXTENT:
        return f"has an extent of {largest}, more than {LARGEST_EXTENT}"
    return None
