# SPDX-License-Identifier: Apache-2.0
"""Fixed-point numbers of quantised kernels, bit for bit as LiteRT prepares them."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from microlith.ir.graph import Tensor

MAX_SHIFT = 30
"""Largest left shift of a requantisation: beyond it the reference's result is not defined."""

_REAL_CLAMPS: dict[str, tuple[float | None, float | None]] = {
    "none": (None, None),
    "relu": (0.0, None),
    "relu_n1_to_1": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
}


def quantize_multiplier(real: float) -> tuple[int, int]:
    """`real` >= 0 as (multiplier, shift): real = multiplier * 2^(shift - 31), rounded.

    The multiplier is 0 or in [2^30, 2^31); a positive shift is to the left. Values below about
    2^-32 become (0, 0). Source of the rounding: QuantizeMultiplier of LiteRT's quantization_util.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2.0**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def requantize(value: int, multiplier: int, shift: int) -> int:
    """mr_requantize of requantize.h, for constants and tables: `value` fits 32 bits, as does the
    result. Rounds twice: halves upwards in the product, away from zero in the right shift."""
    if shift > 0:
        value = (value << shift) + 2**31 & 0xFFFFFFFF
        value -= 2**31
    return rounding_shift((value * multiplier + 2**30) >> 31, max(0, -shift))


def rounding_shift(value: int, bits: int) -> int:
    """value / 2^bits, rounded to the nearest, halves away from zero."""
    half = 1 << bits >> 1
    return (value + half) >> bits if value >= 0 else -((half - value) >> bits)


@cache
def exact_multiplier(
    real: float, furthest: int, bound: int, *, halves_up: bool = False
) -> tuple[int, int] | None:
    """(multiplier, shift) for mr_requantize_single that round as a product of doubles does.

    The reference scales some accumulators by `real` > 0 in double precision and rounds halves away
    from zero. The pair gives the same integer for every accumulator of magnitude up to `bound`,
    where integers of magnitude `furthest` and beyond are as good as each other (they saturate).
    None when no multiplier of 31 bits does, or when some product leaves 32 bits. Both roundings
    are odd functions that do not decrease, so it suffices to compare the least accumulators that
    reach each integer. With `halves_up`, the pair is for a rounding of halves upwards: it is the
    same where no negative product is halfway between two integers.
    """
    if bound * real >= 2.0**31:
        return None
    nearest, shift = quantize_multiplier(real)
    bits = 31 - shift
    least, most = 0, 2**31 - 1
    for integer in range(1, furthest + 1):
        edge = (2 * integer - 1) << (bits - 1)  # (integer - 1/2) * 2^bits
        reached = bound * real >= integer - 0.5
        step = _first_reaching(real, integer) if reached else bound + 1
        most = min(most, (edge - 1) // (step - 1)) if step > 1 else most
        if not reached:
            break
        least = max(least, edge // step + 1 if halves_up else -(-edge // step))
    if least > most:
        return None
    return min(max(nearest, least), most), shift


def _first_reaching(real: float, integer: int) -> int:
    """Least accumulator whose product with `real`, in double precision, rounds to `integer` > 0."""
    edge = integer - 0.5
    step = math.ceil(edge / real)
    while (step - 1) * real >= edge:
        step -= 1
    while step * real < edge:
        step += 1
    return step


def activation_range(activation: str, tensor: Tensor) -> tuple[int, int]:
    """Smallest and largest quantised value of `tensor` after a fused activation.

    `tensor` has an integer type and per-tensor quantisation. The clamp's ends are quantised in
    float32 and rounded half away from zero, as CalculateActivationRangeQuantized does.
    """
    limits = np.iinfo(tensor.dtype.numpy)
    low, high = _REAL_CLAMPS[activation]
    least = limits.min if low is None else max(int(limits.min), _quantize(low, tensor))
    most = limits.max if high is None else min(int(limits.max), _quantize(high, tensor))
    return int(least), int(most)


def float_activation_range(activation: str) -> tuple[float, float]:
    """Ends of the clamp that a fused activation is on float32; without one, all finite values."""
    largest = float(np.finfo(np.float32).max)
    low, high = _REAL_CLAMPS[activation]
    return (-largest if low is None else low), (largest if high is None else high)


def _quantize(real: float, tensor: Tensor) -> int:
    quotient = float(np.float32(real) / np.float32(tensor.scale))
    rounded = math.copysign(math.floor(abs(quotient) + 0.5), quotient)
    return tensor.zero_point + int(rounded)
