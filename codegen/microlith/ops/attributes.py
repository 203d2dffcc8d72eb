# SPDX-License-Identifier: Apache-2.0
"""Attributes that several operator families share: fused activation, padding, window geometry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from microlith.ops.base import Rule

ACTIVATIONS = ("none", "relu", "relu_n1_to_1", "relu6", "tanh", "sign_bit")
"""Names of the schema's ActivationFunctionType, by value."""

CLAMPS = frozenset(ACTIVATIONS[:4])
"""Activations that are a clamp of the result; the others cannot be fused."""

PADDINGS = ("same", "valid")
"""Names of the schema's Padding, by value."""


def decode_activation(value: int) -> str:
    """Name of a fused activation; `unknown(n)` for a value the schema does not have."""
    return _decode(ACTIVATIONS, value)


def decode_padding(value: int) -> str:
    """`same` or `valid`; `unknown(n)` for a value the schema does not have."""
    return _decode(PADDINGS, value)


def activation_rules(activation: str) -> Iterator[Rule]:
    """Rule that a fused activation is one that clamps."""
    if activation not in CLAMPS:
        yield Rule(
            f"fused activation {activation} is not supported (supported: "
            f"{', '.join(name for name in ACTIVATIONS if name in CLAMPS)})",
            "apply the activation as an operator of its own and convert the model again",
        )


def padding_rules(padding: str) -> Iterator[Rule]:
    """Rule that a padding is one that the schema knows."""
    if padding not in PADDINGS:
        yield Rule(f"padding {padding} is not one of same, valid", "convert the model again")


@dataclass(frozen=True)
class Extent:
    """A window slid along one axis: output extent, and elements of padding before the first and
    after the last input element (the latter is the larger one when the sum is odd)."""

    out: int
    pad_before: int
    pad_after: int


def window_extent(padding: str, size: int, kernel: int, stride: int, dilation: int = 1) -> Extent:
    """Geometry of a window of `kernel` taps over `size` elements, as TensorFlow defines SAME and
    VALID. `out` is 0 when a VALID window does not fit."""
    reach = (kernel - 1) * dilation + 1
    covered = size if padding == "same" else size - reach + 1
    out = max(0, -(-covered // stride))
    total = max(0, (out - 1) * stride + reach - size) if out else 0
    return Extent(out, total // 2, total - total // 2)


def _decode(names: tuple[str, ...], value: int) -> str:
    return names[value] if 0 <= value < len(names) else f"unknown({value})"
