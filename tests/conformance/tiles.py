# SPDX-License-Identifier: Apache-2.0
"""Rows for kernels that compute several rows, columns or channels together: sizes at which groups
are whole, cut or reach over two sides of the image, and scales at which exactness ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from tests.conformance.weighted import Conv

SHAPES = (
    (1, 1, 4, 3), (2, 3, 5, 2), (3, 2, 3, 1), (4, 4, 8, 4), (5, 9, 6, 5), (7, 8, 4, 2),
    (9, 7, 1, 3), (6, 13, 2, 2), (3, 5, 32, 1), (3, 4, 36, 2), (4, 3, 67, 3), (4, 5, 68, 1),
)  # fmt: skip
"""Height, width, input and output channels."""

WINDOWS = (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((3, 3), (1, 2)), ((2, 4), (2, 1)))
"""Kernel and stride."""

MULTIPLIERS = (0.4, 0.7 * 2.0**-10, 0.7 * 2.0**-11, 0.7 * 2.0**-14, 0.7 * 2.0**-15)


def rectified(case: Conv) -> Conv:
    """With outputs that have no negative values, as after a ReLU."""
    return replace(case, activation="RELU", output_zero=-128)


def both(*cases: Conv) -> tuple[Conv, ...]:
    return (*cases, *(rectified(case) for case in cases))


CONV = (
    *both(*(
        Conv(shape=(2, height, width, channels), filters=filters, padding=padding)
        for (height, width, channels, filters), padding in product(SHAPES, ("SAME", "VALID"))
        if padding == "SAME" or min(height, width) >= 3
    )),
    *both(*(
        Conv(multiplier=multiplier, weights=weights, input_zero=zero)
        for multiplier, weights, zero in product(MULTIPLIERS, ("random", "tiny"), (-128, 127))
    )),
    *both(*(
        Conv(shape=(2, 3, 5, channels), filters=filters, kernel=kernel, stride=stride)
        for channels, filters in ((1, 4), (3, 8), (4, 12), (8, 4), (31, 8), (36, 4), (67, 8))
        for kernel, stride in WINDOWS
    )),
    *both(*(
        Conv(shape=(1, 4, 3, 5), filters=4, multiplier=multiplier, weights=weights, input_zero=zero)
        for multiplier, weights, zero in product(
            (0.0009, 0.004, 0.012), ("random", "tiny"), (-128, -7, 127)
        )
    )),
    *both(Conv(weights="lowest"), Conv(weights="lowest", input_zero=-128)),
)  # fmt: skip

TILES = CONV
