# SPDX-License-Identifier: Apache-2.0
"""How sums in single precision become outputs."""

from __future__ import annotations

from microlith.ir.graph import OpView
from microlith.kernels.base import Argument
from microlith.kernels.quantize_math import float_activation_range

LARGEST = 3.0e38
"""Limits of at least this magnitude are none."""


def limit_params(op: OpView) -> dict[str, Argument]:
    """Values of `rectified`, `clamped`, `least` and `most`: a ReLU is applied where sums become
    outputs; other limits take a second pass."""
    least, most = float_activation_range(op.attributes.activation)
    rectified = least == 0.0 and most > LARGEST
    unlimited = least < -LARGEST and most > LARGEST
    return {
        "rectified": int(rectified),
        "clamped": int(not rectified and not unlimited),
        "least": least,
        "most": most,
    }
