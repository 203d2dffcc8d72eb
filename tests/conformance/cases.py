# SPDX-License-Identifier: Apache-2.0
"""The table of operator cases: one row for each combination of types, shapes and attributes.

`operators` and `weighted` name what a row may vary. A new operator needs a class there and rows
here.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TypeVar

from tests.conformance.bench import Case, Quant
from tests.conformance.operators import (
    Abs,
    Add,
    AveragePool,
    Binary,
    Concatenation,
    Dequantize,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Pad,
    Pool,
    Quantize,
    Relu,
    Relu6,
    Reshape,
    Softmax,
    Unary,
)
from tests.conformance.weighted import Conv, Depthwise, FullyConnected, Spatial, Weighted

C = TypeVar("C", bound=Case)
W = TypeVar("W", bound=Weighted)
S = TypeVar("S", bound=Spatial)

ACTIVATIONS = ("RELU", "RELU6", "RELU_N1_TO_1")
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 48, 67)
CHANNEL_PAIRS = tuple(zip(CHANNELS, reversed(CHANNELS), strict=True))
WIDTHS = range(1, 20, 2)
ZERO_POINTS = (-128, -1, 0, 127)
TINY_MULTIPLIER = 1e-11
"""Below 2^-32: the reference's fixed-point multiplier becomes 0."""


def both(*cases: C) -> tuple[C, ...]:
    """Each case in int8 and in float32."""
    return cases + tuple(replace(case, dtype="float32") for case in cases)


def quantised(case: W) -> tuple[W, ...]:
    """What matters only to quantised weights: zero points, scales and extreme weights."""
    return (
        *(replace(case, input_zero=z, output_zero=-z - 1) for z in ZERO_POINTS),
        *(replace(case, activation=a, output_zero=z) for a in ACTIVATIONS for z in (-128, 127)),
        replace(case, per_channel=not case.per_channel),
        replace(case, multiplier=1.0, weights="tiny"),
        replace(case, multiplier=1.9, weights="tiny"),
        replace(case, multiplier=300.0, weights="tiny"),
        replace(case, multiplier=2.0**-20),
        replace(case, multiplier=TINY_MULTIPLIER),
        replace(case, weights="zero"),
        replace(case, weights="lowest", input_zero=127),
    )


def wide(*cases: W) -> tuple[W, ...]:
    """Each case in int16 with int8 weights."""
    return tuple(replace(case, dtype="int16") for case in cases)


def wide_sums(case: W) -> tuple[W, ...]:
    """What matters only to sums of int16 x int8 products: multipliers, sums beyond 32 bits,
    extreme weights, biases of 64 bits."""
    return wide(
        *(replace(case, activation=activation) for activation in ACTIVATIONS),
        replace(case, per_channel=not case.per_channel),
        *(replace(case, multiplier=m, weights="tiny") for m in (0.4999, 0.5, 0.9997, 1.0, 1.9)),
        *(replace(case, multiplier=2.0**-n) for n in (7, 8, 15, 16, 17, 18, 20, 23)),
        replace(case, multiplier=TINY_MULTIPLIER),
        replace(case, weights="zero"),
        replace(case, weights="lowest"),
        replace(case, bias_reach=1 << 40, multiplier=2.0**-26),
        replace(case, bias_reach=1 << 30, weights="zero", multiplier=2.0**-16),
    )


def rectified(case: S) -> S:
    """With outputs that have no negative values, as after a ReLU."""
    return replace(case, activation="RELU", output_zero=-128)


CONV = (
    *both(*(Conv(shape=(1, 3, 4, n), filters=f) for n, f in CHANNEL_PAIRS)),
    *both(*(Conv(shape=(1, 2, 3, n), filters=n, kernel=(1, 1)) for n in CHANNELS)),
    *both(*(Conv(shape=(1, 3, w, 3), filters=4) for w in WIDTHS)),
    *both(*(Conv(shape=(1, w, 4, 2), filters=3, kernel=(5, 4)) for w in WIDTHS)),
    *both(*(
        Conv(shape=(1, 9, 8, 3), stride=stride, padding=padding, kernel=kernel)
        for stride, padding, kernel in product(
            product((1, 2, 3), repeat=2), ("SAME", "VALID"), ((1, 1), (3, 3), (4, 2))
        )
    )),
    *both(*(
        Conv(shape=(1, 11, 12, 3), dilation=dilation, stride=stride, padding=padding)
        for dilation, stride, padding in product(
            ((2, 1), (1, 3), (2, 2), (4, 3)), ((1, 1), (2, 2)), ("SAME", "VALID")
        )
    )),
    *both(*(Conv(shape=(batch, 5, 6, 4), stride=(2, 1)) for batch in (2, 3))),
    *both(*(Conv(activation=activation) for activation in ACTIVATIONS)),
    *both(Conv(shape=(1, 2, 2, 3), kernel=(7, 5)), Conv(shape=(1, 1, 1, 1), filters=1)),
    *both(Conv(shape=(1, 10, 5, 1), kernel=(10, 4), stride=(2, 2), filters=16)),
    *both(*(Conv(shape=(1, 4, 5, 12), filters=24, groups=g) for g in (2, 3, 12))),
    *both(Conv(shape=(2, 7, 6, 6), filters=6, groups=2, stride=(2, 2), padding="VALID")),
    *quantised(Conv()),
    *quantised(Conv(padding="VALID", stride=(2, 1))),
    *quantised(Conv(filters=6)),
    *(rectified(Conv(shape=(1, 3, 4, n), filters=f + f % 2)) for n, f in CHANNEL_PAIRS),
    *(rectified(Conv(shape=(1, 2, 4, n), filters=6, kernel=(1, 1))) for n in CHANNELS),
    *(rectified(Conv(shape=(1, 3, w, 4), filters=4, kernel=(1, 3))) for w in WIDTHS),
    *(
        rectified(Conv(shape=(2, 7, 6, n), filters=2, stride=stride, padding=padding))
        for n, stride, padding in product((3, 4), ((1, 1), (2, 2)), ("SAME", "VALID"))
    ),
    rectified(Conv(shape=(1, 11, 12, 4), filters=4, dilation=(2, 2))),
    *(
        rectified(Conv(multiplier=multiplier, weights=weights, input_zero=zero, filters=4))
        for multiplier, weights, zero in product(
            (0.05, 0.004), ("random", "tiny", "zero", "lowest"), (-128, 127)
        )
    ),
    *wide(*(Conv(shape=(1, 3, 4, n), filters=f) for n, f in CHANNEL_PAIRS)),
    *wide(*(Conv(shape=(1, 2, 3, n), filters=n, kernel=(1, 1)) for n in CHANNELS)),
    *wide(*(Conv(shape=(1, 3, w, 3), filters=4) for w in WIDTHS)),
    *wide(*(
        Conv(shape=(1, 9, 8, 3), stride=stride, padding=padding, kernel=kernel)
        for stride, padding, kernel in product(
            ((1, 1), (2, 1), (3, 2)), ("SAME", "VALID"), ((1, 1), (3, 3), (4, 2))
        )
    )),
    *wide(*(
        Conv(shape=(1, 11, 12, 3), dilation=dilation, stride=stride, padding=padding)
        for dilation, stride, padding in product(
            ((2, 1), (1, 3)), ((1, 1), (2, 2)), ("SAME", "VALID")
        )
    )),
    *wide(*(Conv(shape=(batch, 5, 6, 4), stride=(2, 1)) for batch in (2, 3))),
    *wide(Conv(shape=(1, 2, 2, 3), kernel=(7, 5)), Conv(shape=(1, 1, 1, 1), filters=1)),
    *wide(Conv(shape=(1, 10, 5, 1), kernel=(10, 4), stride=(2, 2), filters=16)),
    *wide(*(Conv(shape=(1, 4, 5, 12), filters=24, groups=g) for g in (2, 3, 12))),
    *wide(*(
        Conv(shape=(1, 2, 3, n), filters=3, kernel=(3, 3), weights=weights)
        for n, weights in product((56, 57, 120), ("random", "lowest"))
    )),
    *wide_sums(Conv()),
    *wide(*(
        Conv(bias_type="int32", shape=(1, 3, 4, n), filters=f) for n, f in CHANNEL_PAIRS[::3]
    )),
    *wide(*(
        Conv(bias_type="int32", multiplier=2.0**-n, activation=activation)
        for n, activation in ((1, "NONE"), (8, "RELU"), (14, "RELU6"), (20, "NONE"))
    )),
)  # fmt: skip

DEPTHWISE = (
    *both(*(Depthwise(shape=(1, 3, 4, n)) for n in CHANNELS)),
    *both(*(Depthwise(shape=(1, 3, 4, n), depth=d) for n in (1, 2, 3, 7) for d in (2, 3, 8))),
    *both(*(Depthwise(shape=(1, 3, w, 3)) for w in WIDTHS)),
    *both(*(Depthwise(shape=(1, w, 4, 2), kernel=(5, 4)) for w in WIDTHS)),
    *both(*(
        Depthwise(shape=(1, 9, 8, 3), stride=stride, padding=padding, kernel=kernel)
        for stride, padding, kernel in product(
            product((1, 2, 3), repeat=2), ("SAME", "VALID"), ((1, 1), (3, 3), (4, 2))
        )
    )),
    *both(*(
        Depthwise(shape=(1, 11, 12, 3), dilation=dilation, stride=stride, padding=padding)
        for dilation, stride, padding in product(
            ((2, 1), (1, 3), (2, 2)), ((1, 1), (2, 2)), ("SAME", "VALID")
        )
    )),
    *both(*(Depthwise(shape=(batch, 5, 6, 4), stride=(2, 1), depth=2) for batch in (2, 3))),
    *both(*(Depthwise(activation=activation) for activation in ACTIVATIONS)),
    *both(Depthwise(bias=False), Depthwise(depth=2, bias=False)),
    *both(Depthwise(shape=(1, 2, 2, 3), kernel=(7, 5))),
    *both(Depthwise(shape=(1, 1, 25, 4), kernel=(1, 20))),
    *quantised(Depthwise()),
    *quantised(Depthwise(padding="VALID", stride=(2, 1))),
    *quantised(Depthwise(depth=2)),
    *(rectified(Depthwise(shape=(1, 5, w, 8))) for w in WIDTHS),
    *(rectified(Depthwise(shape=(1, 3, 4, n))) for n in CHANNELS),
    *(
        rectified(Depthwise(shape=(2, height, width, 5), stride=stride, padding=padding))
        for height, width, stride, padding in product(
            (6, 7), (6, 7), ((1, 1), (2, 2)), ("SAME", "VALID")
        )
    ),
    *(
        rectified(Depthwise(multiplier=multiplier, weights=weights, input_zero=zero))
        for multiplier, weights, zero in product(
            (0.05, 0.004), ("random", "tiny", "zero", "lowest"), (-128, 127)
        )
    ),
    *wide(*(Depthwise(shape=(1, 3, 4, n)) for n in CHANNELS)),
    *wide(*(Depthwise(shape=(1, 3, 4, n), depth=d) for n in (1, 2, 3, 7) for d in (2, 3, 8))),
    *wide(*(Depthwise(shape=(1, 3, w, 5)) for w in WIDTHS)),
    *wide(*(Depthwise(shape=(1, w, 4, 2), kernel=(5, 4)) for w in WIDTHS)),
    *wide(*(
        Depthwise(shape=(1, 9, 8, channels), stride=stride, padding=padding, kernel=kernel)
        for channels, stride, padding, kernel in product(
            (3, 8), ((1, 1), (2, 1), (3, 2)), ("SAME", "VALID"), ((1, 1), (3, 3), (4, 2))
        )
    )),
    *wide(*(
        Depthwise(shape=(1, 11, 12, 5), dilation=dilation, padding=padding)
        for dilation, padding in product(((2, 1), (1, 3)), ("SAME", "VALID"))
    )),
    *wide(*(Depthwise(shape=(batch, 5, 6, 4), stride=(2, 1), depth=2) for batch in (2, 3))),
    *wide(Depthwise(bias=False), Depthwise(depth=2, bias=False)),
    *wide(Depthwise(shape=(1, 1, 25, 4), kernel=(1, 20)), Depthwise(weights="lowest", depth=2)),
    *wide(*(
        Depthwise(shape=(1, 26, 24, n), kernel=(25, 23), weights="lowest", padding="VALID")
        for n in (2, 5)
    )),
    *wide_sums(Depthwise()),
)  # fmt: skip

VECTORS = (
    # shapes that kernels with vectors have a way of their own for
    *(Depthwise(shape=(1, h, w, n)) for h, w, n in ((5, 5, 16), (2, 6, 24), (7, 3, 40), (9, 4, 8))),
    *(rectified(Depthwise(shape=(2, 9, 12, n), stride=(2, 2))) for n in (8, 16, 20)),
    *(rectified(Depthwise(shape=(1, 6, w, 16), padding="VALID")) for w in (3, 7, 50)),
    Depthwise(shape=(1, 10, 3, 16), padding="VALID"),
    *(rectified(Depthwise(shape=(1, h, 5, 16))) for h in (13, 24)),
    *(Depthwise(shape=(1, h, 1, 24), kernel=(k, 1), padding="VALID")
      for h, k in ((5, 5), (12, 3), (40, 13))),
    rectified(Depthwise(shape=(1, 9, 1, 16), kernel=(4, 1))),
    *(Depthwise(shape=(n, *kernel, 32), kernel=kernel, padding="VALID", output_zero=z)
      for n, kernel, z in ((1, (15, 1), -128), (2, (4, 4), 3), (1, (2, 3), 127))),
    *(Conv(shape=(1, 4, w, n), filters=f, output_zero=z)
      for w, n, f, z in ((4, 16, 6, -128), (7, 32, 4, 5), (9, 48, 2, -128))),
    Conv(shape=(2, 7, 6, 16), filters=8, padding="VALID"),
    *(Conv(shape=(2, 9, w, 3), filters=8, stride=(2, 2), output_zero=-128) for w in (8, 9, 11)),
    *(Conv(shape=(1, 8, 9, 16), filters=4, stride=s, output_zero=-128) for s in ((1, 2), (2, 2))),
    *(Conv(shape=(1, 5, w, n), kernel=(1, 1), filters=8, output_zero=-128)
      for w, n in ((1, 40), (3, 8), (6, 24), (2, 150))),
    Conv(shape=(2, 5, 6, 8), kernel=(1, 2), filters=4, stride=(1, 2), padding="VALID"),
    Conv(shape=(1, 23, 9, 1), kernel=(10, 4), stride=(2, 2), filters=8, output_zero=-128),
)  # fmt: skip

FULLY = (
    *both(*(FullyConnected(shape=(1, n), units=u) for n, u in CHANNEL_PAIRS)),
    *both(*(FullyConnected(shape=(1, n), units=1) for n in (1, 128, 255))),
    *both(*(FullyConnected(shape=(batch, 12)) for batch in (2, 3, 5))),
    *both(FullyConnected(shape=(12,)), FullyConnected(shape=(2, 3, 12))),
    *both(FullyConnected(shape=(2, 3, 2, 12))),
    *both(FullyConnected(shape=(2, 3, 12), keep=True)),
    *both(FullyConnected(shape=(2, 3, 2, 12), keep=True)),
    *both(*(FullyConnected(activation=activation) for activation in ACTIVATIONS)),
    *both(FullyConnected(bias=False), FullyConnected(bias=False, absent_bias=True)),
    *quantised(FullyConnected()),
    FullyConnected(shape=(3, 17), per_channel=True, activation="RELU"),
    *wide(*(FullyConnected(shape=(1, n), units=u) for n, u in CHANNEL_PAIRS)),
    *wide(
        *(
            FullyConnected(shape=(2, n), units=9, per_channel=per_channel, weights=weights)
            for n, per_channel, weights in product(
                (510, 511, 512, 1030), (False, True), ("random", "lowest")
            )
        )
    ),
    *wide(*(FullyConnected(shape=(batch, 12), units=50, per_channel=True) for batch in (2, 5))),
    *wide(FullyConnected(shape=(12,)), FullyConnected(shape=(2, 3, 12), keep=True)),
    *wide(FullyConnected(bias=False), FullyConnected(bias=False, absent_bias=True)),
    *wide_sums(FullyConnected()),
    *wide(*(FullyConnected(bias_type="int32", shape=(1, n), units=5) for n in (1, 12, 67))),
)


def hybrid(*cases: W) -> tuple[W, ...]:
    """Each case with int8 weights between float activations."""
    return tuple(replace(case, dtype="float32", hybrid=True) for case in cases)


NARROW: tuple[Weighted, ...] = (
    *(
        replace(case, bits=4, dtype=dtype)
        for case, dtype in product(
            (
                *(Conv(shape=(1, 3, 4, n), filters=f) for n, f in CHANNEL_PAIRS[::3]),
                *(Conv(weights=weights) for weights in ("lowest", "zero")),
                Conv(per_channel=False, activation="RELU6"),
                *(FullyConnected(shape=(2, n), units=u) for n, u in CHANNEL_PAIRS[::3]),
                FullyConnected(per_channel=True, weights="lowest"),
            ),
            ("int8", "int16"),
        )
    ),
    *(replace(Depthwise(shape=(1, 3, 4, n)), bits=4) for n in CHANNELS[::3]),
    *(replace(Depthwise(shape=(1, 3, 4, n), depth=d), bits=4) for n, d in ((1, 8), (3, 2))),
    replace(Depthwise(weights="lowest"), bits=4),
)
"""Weights of 4 bits."""

HYBRID: tuple[Weighted, ...] = (
    *hybrid(*(
        Conv(per_channel=per_channel, **row)
        for per_channel, row in product((True, False), (
            *({"shape": (1, 3, 4, n), "filters": f} for n, f in CHANNEL_PAIRS[::2]),
            *({"shape": (1, 2, 3, n), "filters": n, "kernel": (1, 1)} for n in CHANNELS[::3]),
            *({"shape": (1, 3, w, 3), "filters": 4} for w in (1, 2, 5)),
            *({"stride": s, "padding": p} for s in ((2, 1), (3, 2)) for p in ("SAME", "VALID")),
            *({"dilation": d, "stride": s} for d in ((2, 1), (1, 3)) for s in ((1, 1), (2, 2))),
            *({"activation": activation} for activation in ACTIVATIONS),
            *({"shape": (batches, 5, 6, 4), "stride": (2, 1)} for batches in (2, 3)),
            {"shape": (1, 2, 2, 3), "kernel": (7, 5)},
            {"shape": (1, 10, 5, 1), "kernel": (10, 4), "stride": (2, 2), "filters": 16},
        ))
    )),
    *hybrid(*(Conv(shape=(2, 4, 5, 12), filters=24, groups=g) for g in (2, 3, 12))),
    *hybrid(*(Depthwise(shape=(1, 3, 4, n)) for n in CHANNELS)),
    *hybrid(*(Depthwise(shape=(2, 3, 4, n), depth=d) for n in (1, 2, 7) for d in (2, 3))),
    *hybrid(*(Depthwise(stride=s, padding=p) for s in ((2, 1), (3, 2)) for p in ("SAME", "VALID"))),
    *hybrid(*(Depthwise(dilation=d, shape=(2, 7, 6, 5)) for d in ((2, 1), (1, 3)))),
    *hybrid(*(Depthwise(activation=activation) for activation in ACTIVATIONS)),
    *hybrid(Depthwise(bias=False), Depthwise(shape=(1, 2, 2, 3), kernel=(7, 5))),
    *hybrid(*(
        FullyConnected(asymmetric=asymmetric, per_channel=per_channel, **row)
        for asymmetric, per_channel, row in product((False, True), (False, True), (
            *({"shape": (1, n), "units": u} for n, u in CHANNEL_PAIRS[::2]),
            *({"shape": (batches, 12), "units": u} for batches in (2, 5) for u in (7, 12, 20)),
            *({"activation": activation} for activation in ACTIVATIONS),
            {"shape": (2, 3, 12), "keep": True},
            {"shape": (1, 300), "units": 1},
            {"bias": False},
        ))
    )),
    *hybrid(*(replace(Conv(shape=(1, 3, 4, n)), bits=4) for n in CHANNELS[::4])),
    *hybrid(*(replace(FullyConnected(shape=(2, n)), bits=4) for n in CHANNELS[::4])),
)  # fmt: skip
"""Kept apart from the other cases because every bit counts, although results are floats."""


def wide_pools(kind: type[Pool]) -> tuple[Pool, ...]:
    rows = (
        *(kind(shape=(1, 4, 5, n)) for n in CHANNELS),
        *(kind(shape=(1, 4, w, 3), padding="SAME") for w in WIDTHS),
        *(
            kind(kernel=kernel, stride=stride, padding=padding)
            for kernel, stride, padding in product(
                ((1, 1), (3, 3), (2, 3)), ((1, 1), (2, 1)), ("SAME", "VALID")
            )
        ),
        *(kind(activation=activation) for activation in ACTIVATIONS),
        kind(shape=(2, 25, 5, 2), kernel=(25, 5), stride=(25, 5)),
        kind(shape=(1, 3, 3, 2), kernel=(7, 7), stride=(1, 1), padding="SAME"),
    )
    return tuple(replace(row, dtype="int16", quant=FINE) for row in rows)


def pools(kind: type[Pool]) -> tuple[Pool, ...]:
    return (
        *both(*(kind(shape=(1, 4, 5, n)) for n in CHANNELS)),
        *both(*(kind(shape=(1, 4, w, 3), padding="SAME") for w in WIDTHS)),
        *both(*(
            kind(kernel=kernel, stride=stride, padding=padding)
            for kernel, stride, padding in product(
                ((1, 1), (3, 3), (2, 3), (5, 1)), ((1, 1), (2, 1), (3, 3)), ("SAME", "VALID")
            )
        )),
        *both(*(kind(shape=(batch, 6, 7, 4)) for batch in (2, 3))),
        *both(*(kind(activation=activation) for activation in ACTIVATIONS)),
        *both(*(kind(shape=(1, 25, 5, n), kernel=(25, 5), stride=(25, 5)) for n in (2, 4, 7, 16))),
        *both(kind(shape=(1, 3, 3, 2), kernel=(7, 7), stride=(1, 1), padding="SAME")),
        *(kind(quant=Quant(0.05, z), activation=a) for z in (-128, 127) for a in ("NONE", "RELU6")),
        *wide_pools(kind),
    )  # fmt: skip


BROADCASTS = (
    ((), ()), ((1,), (1,)), ((7,), (7,)), ((2, 7), (2, 7)), ((2, 3, 7), (2, 3, 7)),
    ((1, 3, 4, 5), ()), ((1, 3, 4, 5), (1,)), ((), (1, 3, 4, 5)), ((1,), (3, 5)),
    ((1, 3, 4, 5), (5,)), ((5,), (1, 3, 4, 5)), ((1, 3, 4, 5), (1, 1, 1, 5)),
    ((2, 3, 4, 5), (2, 1, 4, 1)), ((2, 1, 4, 1), (1, 3, 1, 5)), ((3, 4, 1), (4, 5)),
    ((2, 3, 4, 5), (3, 1, 1)), ((1, 1), (4, 5)), ((2, 3, 4, 1), (2, 3, 4, 5)),
    ((2, 2, 3, 2, 3), (2, 2, 3, 2, 3)),
)  # fmt: skip


def wide_binaries(kind: type[Binary]) -> tuple[Binary, ...]:
    ordinary = kind(
        dtype="int16",
        a_quant=Quant(2e-4, 0),
        b_quant=Quant(3e-4, 0),
        y_quant=Quant(4e-4 if kind is Add else 3e-3, 0),
    )
    return (
        *(replace(ordinary, a=a, b=b) for a, b in BROADCASTS),
        *(replace(ordinary, activation=activation) for activation in ACTIVATIONS),
        *(replace(ordinary, second=second) for second in ("constant", "same")),
        *(
            replace(ordinary, a=(1, 999), b=(1, 999), a_quant=Quant(a, 0), b_quant=Quant(b, 0))
            for a, b in ((2e-4, 2e-4), (1e-2, 1e-6), (1e-6, 1e-2), (1e-3, 2.9e-3))
        ),
    )


SHIFTED_ADDS = tuple(
    Add(
        dtype="int16",
        a=(1, 999),
        b=(1, 999),
        a_quant=Quant(2.0**a, 0),
        b_quant=Quant(2.0**b, 0),
        y_quant=Quant(2.0**-12, 0),
        activation=activation,
        shifts=shifts,
    )
    for (a, b), activation, shifts in product(
        ((-12, -12), (-12, -13), (-15, -12), (-27, -12)), ("NONE", "RELU6"), (None, True, False)
    )
)
"""Scales that are powers of two, with the option that tells how to add, and with its default."""


def binaries(kind: type[Binary]) -> tuple[Binary, ...]:
    wide = Quant(0.05, 0)
    return (
        *both(*(kind(a=a, b=b) for a, b in BROADCASTS)),
        *both(*(kind(a=a, b=b, activation="RELU6") for a, b in BROADCASTS[6:14])),
        *both(*(kind(activation=activation) for activation in ACTIVATIONS)),
        *both(*(kind(second=second) for second in ("constant", "same"))),
        *both(kind(b=(5,), second="constant"), kind(b=(), second="constant")),
        *(kind(a_quant=Quant(0.05, z), b_quant=Quant(0.03, -z - 1)) for z in ZERO_POINTS),
        *(
            kind(y_quant=Quant(0.06, z), activation=a)
            for z in ZERO_POINTS
            for a in ("NONE", "RELU")
        ),
        kind(a_quant=wide, b_quant=wide, y_quant=wide),
        kind(a_quant=Quant(0.5, 3), b_quant=Quant(1e-4, 5)),
        kind(a_quant=Quant(1e-4, 3), b_quant=Quant(0.5, 5)),
        kind(y_quant=Quant(1e-3, 0)),
        kind(y_quant=Quant(1e3, 7)),
        kind(a_quant=Quant(1.0, -128), b_quant=Quant(1.0, 127), y_quant=Quant(1.0, 0)),
        *wide_binaries(kind),
    )


RESHAPE = both(
    Reshape(),
    Reshape(given=(-1,), result=(24,)),
    Reshape(given=(2, -1, 3), result=(2, 4, 3)),
    Reshape(given=(1, 24), by="options"),
    Reshape(shape=(24,), given=(2, 3, 2, 2), result=(2, 3, 2, 2)),
    Reshape(shape=(1, 1), given=(), result=()),
    Reshape(shape=(2, 2, 2, 3, 1), given=(4, 6), result=(4, 6)),
)

FINE = Quant(2e-4, 0)
"""An ordinary quantisation of int16."""

PROBABILITY16 = Quant(1 / 32768, 0)

SOFTMAX_DEPTH = 511
"""Largest depth at which the int8 reference survives any input: it aborts where the exponentials
add up to 512."""

SOFTMAX = (
    *both(*(Softmax(shape=shape) for shape in ((10,), (3, 7), (2, 3, 5), (2, 2, 3, 4), (1, 1)))),
    *both(*(Softmax(shape=(2, n)) for n in (2, 67, SOFTMAX_DEPTH))),
    Softmax(shape=(2, 1000), dtype="float32"),
    *both(*(Softmax(shape=(2, 12), beta=beta) for beta in (0.25, 0.5, 2.0, 10.0))),
    *(Softmax(shape=(3, 12), x_quant=Quant(scale, z)) for scale in (1e-4, 0.008, 0.2, 3.0)
      for z in (-128, 127)),
    *(Softmax(dtype="int16", shape=shape, x_quant=Quant(scale, 0), y_quant=PROBABILITY16)
      for shape, scale in product(((10,), (2, 3, 5), (2, 2, 3, 4), (1, 1), (3, 300)),
                                  (1e-5, 2e-4, 3e-3, 0.1))),
    *(Softmax(dtype="int16", beta=b, x_quant=FINE, y_quant=PROBABILITY16) for b in (0.3, 2.0)),
)  # fmt: skip

LOGISTIC = (
    *both(*(Logistic(shape=shape) for shape in ((), (1,), (2, 7), (1, 3, 4, 5), (256,)))),
    *(Logistic(shape=(256,), x_quant=Quant(scale, z)) for scale in (1e-3, 0.0201, 0.1, 1.0)
      for z in ZERO_POINTS),
    *(Logistic(dtype="int16", shape=shape, x_quant=Quant(scale, 0), y_quant=PROBABILITY16)
      for shape, scale in (
          *product(((), (2, 7), (1, 3, 4, 5)), (2e-4,)),
          *product(((3000,),), (1e-6, 1e-4, 2.0**-12, 2.442e-4, 5e-4, 2.0**-9, 0.02, 4.9)),
      )),
)  # fmt: skip


def rescaled(kind: type[Unary]) -> tuple[Unary, ...]:
    return (
        *both(*(kind(shape=shape) for shape in ((), (1,), (2, 7), (1, 3, 4, 5), (1000,)))),
        *(kind(shape=(256,), x_quant=Quant(0.05, z), y_quant=Quant(0.05, z)) for z in ZERO_POINTS),
        *(kind(shape=(256,), x_quant=Quant(0.05, z), y_quant=Quant(0.03, -z - 1))
          for z in ZERO_POINTS),
        *(kind(shape=(256,), y_quant=Quant(scale, -128)) for scale in (0.001, 0.0235, 0.9)),
        *(kind(dtype="int16", shape=shape, x_quant=FINE, y_quant=Quant(scale, 0))
          for shape, scale in (
              *product(((), (1, 3, 4, 5)), (2e-4,)),
              *product(((1000,),), (2e-4, 1e-4, 1.99e-4, 0.03, 1e-6)),
          )),
    )  # fmt: skip


PAD = (
    *both(
        Pad(),
        Pad(paddings=((0, 0), (0, 0), (0, 0), (0, 0))),
        Pad(paddings=((0, 0), (0, 1), (0, 1), (0, 0))),
        Pad(paddings=((0, 0), (3, 0), (0, 2), (0, 0))),
        Pad(paddings=((1, 2), (3, 0), (2, 1), (4, 3))),
        Pad(paddings=((0, 0), (0, 0), (0, 0), (2, 1))),
        Pad(shape=(7,), paddings=((2, 3),)),
        Pad(shape=(2, 7), paddings=((1, 0), (0, 5))),
        Pad(shape=(2, 3, 4), paddings=((0, 1), (2, 0), (1, 1))),
        Pad(index_type="int64"),
    ),
    *(Pad(quant=Quant(0.05, z)) for z in (-128, 127)),
    Pad(dtype="uint8", quant=Quant(0.05, 130)),
    *(Pad(dtype="int16", quant=FINE, paddings=((0, 0), (p, 1), (1, 0), (0, p))) for p in (0, 2)),
    Pad(shape=(2, 2, 2, 2, 2), paddings=((1, 0), (0, 1), (2, 0), (0, 1), (1, 1))),
)

AXES = (
    (1, 2), (2, 1), (0,), (1,), (2,), (3,), (-1,), (0, 3), (1, 2, 3), (0, 1, 2, 3), (-2, -3), (),
)  # fmt: skip

MEAN = (
    *both(*(
        Mean(axes=axes, keep=keep)
        for axes, keep in product(
            AXES, (True, False)
        )
    )),
    *both(Mean(shape=(7,), axes=(0,)), Mean(shape=(3, 5), axes=(1,), keep=False)),
    *both(Mean(shape=(2, 3, 4), axes=(0, 2)), Mean(shape=(1, 25, 5, 64), keep=False)),
    *both(*(Mean(shape=(1, 3, 4, n)) for n in CHANNELS)),
    *(Mean(y_quant=Quant(scale, z), keep=keep)
      for scale, z, keep in product((0.01, 0.05, 0.07), (-128, 127), (True, False))),
    *(Mean(x_quant=Quant(0.05, z), y_quant=Quant(0.02, z), axes=(3,)) for z in ZERO_POINTS),
    *(Mean(dtype="int16", axes=axes, keep=keep, x_quant=FINE, y_quant=FINE)
      for axes, keep in product(AXES, (True, False))),
    *(Mean(dtype="int16", shape=(1, 3, 4, n), x_quant=FINE, y_quant=Quant(1e-4, 0))
      for n in CHANNELS[::3]),
    *(Mean(dtype="int16", shape=(1, 300, 218, 1), x_quant=FINE, y_quant=Quant(scale, 0))
      for scale in (2e-4, 3e-3)),
)  # fmt: skip

CONCATENATION = (
    *both(*(Concatenation(axis=axis) for axis in (0, 1, 2, 3, -1, -2, -3, -4))),
    *(Concatenation(dtype="int16", axis=axis, quant=FINE) for axis in (0, 1, 3)),
    *both(*(Concatenation(sizes=sizes) for sizes in ((3,), (1, 1), (1, 2, 3), (7, 1, 4, 2, 5)))),
    *both(Concatenation(shape=(7,), axis=0), Concatenation(shape=(2, 7), axis=1)),
    *both(Concatenation(shape=(2, 3, 4), axis=-2, sizes=(1, 5, 2))),
)

QUANTIZE = (
    *(Quantize(shape=shape) for shape in ((), (1,), (2, 7), (1, 3, 4, 5), (1000,))),
    *(Quantize(shape=(200,), y_quant=Quant(s, z)) for s in (1e-3, 0.1, 7.0) for z in ZERO_POINTS),
    *(Quantize(shape=(256,), source="int8", x_quant=Quant(0.05, x), y_quant=Quant(s, y))
      for s, x, y in product((0.05, 0.01, 0.3, 1e-4, 40.0), (-128, 0, 127), (-128, 5, 127))),
    Quantize(dtype="uint8", y_quant=Quant(0.02, 130)),
    Quantize(dtype="int16", y_quant=Quant(1e-4, 0)),
    Quantize(dtype="uint8", source="int8", y_quant=Quant(0.02, 130)),
    Quantize(dtype="uint8", source="int8", x_quant=Quant(0.05, -5), y_quant=Quant(0.05, 123)),
    Quantize(source="uint8", x_quant=Quant(0.05, 123)),
    *(Quantize(shape=(300,), source="int16", dtype=d, x_quant=Quant(1e-4, 0), y_quant=Quant(s, 0))
      for d, s in product(("int8", "int16"), (1e-4, 1e-7, 3e-5, 0.02, 1.0))),
    *(Quantize(shape=(256,), source=t, dtype="int16", x_quant=Quant(0.05, z), y_quant=Quant(s, 0))
      for t, z, s in product(("int8", "uint8"), (0, 5, 127), (0.05, 1e-4, 3e-6))),
    *(Quantize(source="int16", x_quant=Quant(1e-3, x), y_quant=Quant(0.02, y))
      for x, y in ((0, -128), (0, 127), (300, 5))),
)  # fmt: skip

DEQUANTIZE = (
    *(Dequantize(shape=shape) for shape in ((), (1,), (2, 7), (1, 3, 4, 5), (1000,))),
    *(Dequantize(shape=(256,), quant=Quant(0.1, z)) for z in ZERO_POINTS),
    Dequantize(dtype="uint8", quant=Quant(0.1, 130)),
    Dequantize(dtype="int16", quant=Quant(1e-4, 0)),
)

CASES: tuple[Case, ...] = (
    *CONV,
    *DEPTHWISE,
    *VECTORS,
    *FULLY,
    *NARROW,
    *pools(AveragePool),
    *pools(MaxPool),
    *binaries(Add),
    *SHIFTED_ADDS,
    *binaries(Mul),
    *RESHAPE,
    *SOFTMAX,
    *LOGISTIC,
    *rescaled(Relu),
    *rescaled(Relu6),
    *rescaled(Abs),
    *PAD,
    *MEAN,
    *CONCATENATION,
    *QUANTIZE,
    *DEQUANTIZE,
)

OPERATORS = tuple(dict.fromkeys(case.operator for case in CASES))
