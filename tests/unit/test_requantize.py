# SPDX-License-Identifier: Apache-2.0
"""requantize.h against the definitions that it implements, in Python's unbounded integers."""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from microlith import resources
from microlith.kernels.quantize_math import exact_multiplier, quantize_multiplier
from tests.tools import need_target

WRAPPERS = """
#include "requantize.h"
int32_t twice(int32_t a, int32_t m, int32_t s) { return mr_requantize(a, m, s); }
int32_t once(int32_t a, int32_t m, int32_t s) { return mr_requantize_single(a, m, s); }
int32_t wide(int32_t a, const uint32_t *m, int32_t s) { return mr_requantize_wide(a, m, s); }
"""

EDGES = {sign * 2**n + d for n in range(32) for d in (-1, 0, 1) for sign in (1, -1)}
ACCUMULATORS = sorted(edge for edge in EDGES if -(2**31) <= edge < 2**31)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    need_target("host")
    directory: Path = tmp_path_factory.mktemp("requantize")
    (directory / "wrappers.c").write_text(WRAPPERS)
    include = resources.path("micro_runtime", "kernels", "portable")
    command = ["cc", "-std=c11", "-O2", "-shared", "-fPIC", f"-I{include}", "wrappers.c"]
    subprocess.run([*command, "-o", "wrappers.so"], cwd=directory, check=True)
    return ctypes.CDLL(str(directory / "wrappers.so"))


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def half_away(value: int, shift: int) -> int:
    """value / 2^shift, halves away from zero."""
    magnitude = (abs(value) + (1 << shift >> 1)) >> shift
    return -magnitude if value < 0 else magnitude


def twice(acc: int, multiplier: int, shift: int) -> int:
    doubled = (wrapped(acc << max(shift, 0)) * multiplier + 2**30) >> 31
    return half_away(doubled, max(-shift, 0))


def real_product(acc: int, real: float) -> int:
    product = acc * real
    return int(math.copysign(math.floor(abs(product) + 0.5), product))


def multipliers() -> Iterator[int]:
    generator = random.Random(0)
    yield from (0, 2**30, 2**30 + 1, 2**31 - 1)
    yield from (generator.randrange(2**30, 2**31) for _ in range(20))


def test_two_roundings(library: ctypes.CDLL) -> None:
    for multiplier, shift in itertools.product(multipliers(), range(-31, 31)):
        for acc in ACCUMULATORS:
            expected = twice(acc, multiplier, shift)
            assert library.twice(acc, multiplier, shift) == expected, (acc, multiplier, shift)


def test_one_rounding(library: ctypes.CDLL) -> None:
    for multiplier, shift in itertools.product(multipliers(), range(-31, 31)):
        for acc in ACCUMULATORS:
            expected = wrapped(half_away(acc * multiplier, 31 - shift))
            assert library.once(acc, multiplier, shift) == expected, (acc, multiplier, shift)


def factors() -> Iterator[float]:
    generator = random.Random(1)
    yield from (0.1, 0.3, 1 / 3, 0.7, 2.0**-9, 3 * 2.0**-9, 2.0**-40, 1.0, 1.9, 5e3)
    yield from (2.0 ** generator.uniform(-20, 2) for _ in range(40))
    yield from (generator.randint(1, 50) / generator.randint(1, 5000) for _ in range(40))


def near_halves(real: float) -> Iterator[int]:
    """Accumulators whose products are near the middle between two integers."""
    for integer in range(1, 256):
        middle = round((integer - 0.5) / real)
        for acc in range(middle - 2, middle + 3):
            if abs(acc) < 2**31:
                yield from (acc, -acc)


def test_product_of_doubles(library: ctypes.CDLL) -> None:
    for real in factors():
        fraction, exponent = math.frexp(real)
        mantissa = int(fraction * 2**53)
        words = (ctypes.c_uint32 * 2)(mantissa % 2**32, mantissa >> 32)
        for acc in itertools.chain(near_halves(real), ACCUMULATORS):
            expected = max(-(2**31 - 1), min(2**31 - 1, real_product(acc, real)))
            assert library.wide(acc, words, 53 - exponent) == expected, (acc, real)


@pytest.mark.parametrize("bound", [100_000, 2**31 - 1])
def test_exact_multiplier_rounds_as_doubles_do(library: ctypes.CDLL, bound: int) -> None:
    found = 0
    for real in factors():
        pair = exact_multiplier(real, 255, bound)
        if pair is None:
            continue
        found += 1
        for acc in itertools.chain(near_halves(real), ACCUMULATORS):
            if abs(acc) <= bound:
                expected = max(-255, min(255, real_product(acc, real)))
                assert max(-255, min(255, library.once(acc, *pair))) == expected, (acc, real)
    assert found > 40


def test_exact_multiplier_differs_from_the_nearest_where_it_must() -> None:
    nearest, shift = quantize_multiplier(0.1)
    assert nearest * 2.0 ** (shift - 31) < 0.1  # 5 * 0.1 would round down
    assert exact_multiplier(0.1, 255, 100_000) == (nearest + 1, shift)


def test_no_exact_multiplier() -> None:
    assert exact_multiplier(2.0, 255, 2**31 - 1) is None  # leaves 32 bits
    assert exact_multiplier(2.0, 255, 2**30 - 1) == (2**30, 2)
    assert exact_multiplier(2.0**-40, 255, 2**31) == (0, 0)
