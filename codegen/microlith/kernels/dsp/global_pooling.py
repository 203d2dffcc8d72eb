# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D over a whole image, as a running sum, with the DSP extension."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.kernels.portable.global_pooling import GlobalAveragePoolInt8
from microlith.targets.target import Target

LANES = 4
"""Channels of a block."""

MOST_WIDTH = 256
"""Pixels of a row whose int8 sum surely fits 16 bits."""


class GlobalAveragePoolInt8Dsp(GlobalAveragePoolInt8):
    name = "global_average_pool_s8_dsp"
    backend = "dsp"
    function = "mr_global_average_pool_s8_dsp"
    features = frozenset({"dsp"})

    def rejects(self, op: OpView) -> str | None:
        _, _, width, channels = op.input().shape
        if channels < LANES:
            return f"needs at least {LANES} channels, not {channels}"
        if width > MOST_WIDTH:
            return f"is for rows of at most {MOST_WIDTH} pixels, not {width}"
        return super().rejects(op)

    def cost(self, op: OpView, target: Target) -> float:
        _, height, width, channels = op.input().shape
        blocks = -(-channels // LANES)
        return blocks * height * (6.0 * width + 33.0) + 22.0 * channels


KERNELS = (GlobalAveragePoolInt8Dsp(),)
