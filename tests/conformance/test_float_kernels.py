# SPDX-License-Identifier: Apache-2.0
"""Every kernel in single precision by itself, of the fpu and of the helium backend."""

from __future__ import annotations

from itertools import product

import pytest

from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from tests.conformance import cases, single
from tests.conformance.cases import ACTIVATIONS, CHANNEL_PAIRS, CHANNELS, WIDTHS
from tests.conformance.weighted import Conv, Depthwise, FullyConnected
from tests.tools import need_target

# Tiles of four and of three pixels, in joined rows and others; turns of the loop
# that begin at each of its pairs of taps; channels with and without a rest.
CASES = (
    *(Conv(dtype="float32", shape=(2, 1, w, 2), filters=5, kernel=(1, 1)) for w in range(1, 10)),
    *(Conv(dtype="float32", shape=(1, 2, w, 3), filters=8, kernel=(2, 2)) for w in WIDTHS),
    *(
        Conv(dtype="float32", shape=(1, 5, 7, n), filters=f, stride=(2, 2), activation=a)
        for (n, f), a in zip(CHANNEL_PAIRS, (*ACTIVATIONS, "NONE") * 4, strict=False)
    ),
    *(
        Depthwise(dtype="float32", shape=(2, 5, 7, n), stride=(s, s), activation=a)
        for (n, s), a in zip(product(CHANNELS, (1, 2)), (*ACTIVATIONS, "NONE") * 8, strict=False)
    ),
    *(
        Depthwise(dtype="float32", shape=(1, 6, w, 5), stride=(s, s), padding=padding)
        for w, s, padding in product((3, 4, 5, 6, 7, 8), (1, 2), ("SAME", "VALID"))
    ),
    *(Depthwise(dtype="float32", shape=(1, 7, 6, 4), kernel=(k, 3)) for k in (1, 2, 5, 7)),
    Depthwise(dtype="float32", shape=(1, 9, 6, 4), dilation=(2, 1)),
    *(
        Conv(dtype="float32", shape=(2, h, w, 8), filters=12, padding=padding)
        for (h, w), padding in product(
            ((3, 3), (4, 4), (5, 7), (4, 8), (6, 9), (3, 13)), ("SAME", "VALID")
        )
    ),
    *(
        Conv(dtype="float32", shape=(1, 4, 8, n), filters=f, activation=a)
        for n, f, a in zip((4, 16, 64, 36), (4, 64, 8, 20), (*ACTIVATIONS, "NONE"), strict=True)
    ),
    *(
        FullyConnected(dtype="float32", shape=(2, n), units=u, activation=a)
        for n, u, a in zip(range(1, 12), range(15, 26), (*ACTIVATIONS, "NONE") * 3, strict=False)
    ),
)  # fmt: skip


ROWS = (
    *(c for c in cases.CASES if c.dtype == "float32" and not getattr(c, "hybrid", False)),
    *CASES,
)
"""Without int8 weights: some kernels are for graphs that quantise nothing."""

HYBRID = (
    *(c for c in cases.CASES if getattr(c, "hybrid", False)),
    *(
        Conv(dtype="float32", hybrid=True, shape=(2, 3, w, n), filters=f, per_channel=w % 2 == 0)
        for w, (n, f) in zip(range(1, 16), CHANNEL_PAIRS, strict=True)
    ),
    *(
        Conv(dtype="float32", hybrid=True, shape=(1, 2, w, 8), filters=5, kernel=(1, 1))
        for w in range(1, 5)
    ),
    *(
        FullyConnected(dtype="float32", hybrid=True, shape=(2, n), units=u, asymmetric=u % 2 == 0)
        for n, u in CHANNEL_PAIRS
    ),
)

KERNELS = (*BACKENDS["fpu"], *(k for k in BACKENDS["helium"] if "mve_float" in k.features))
EMULATED = {"fpu": "cortex-m4", "helium": "cortex-m55"}


@pytest.mark.parametrize("emulated", [False, True], ids=["host", "emulated"])
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_kernel(kernel: Kernel, emulated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = EMULATED[kernel.backend] if emulated else "host"
    need_target(target)
    single.isolate(kernel, target, monkeypatch)
    single.check(kernel, target, HYBRID if "hybrid" in kernel.name else ROWS)
