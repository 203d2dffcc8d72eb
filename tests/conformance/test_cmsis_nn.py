# SPDX-License-Identifier: Apache-2.0
"""The cmsis_nn backend: the reference's bytes from CMSIS-NN, for every int8 case of the table and
for shapes that it has functions of their own for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import microlith
from microlith.ir.program import Program
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower import select
from microlith.verify.verify import render
from tests.cmsis_nn import Library
from tests.conformance.bench import Case, pack
from tests.conformance.cases import CASES
from tests.conformance.operators import Pool
from tests.conformance.test_conformance import MODEL_SIZE, SAMPLES
from tests.conformance.weighted import Conv, Depthwise, FullyConnected, Weighted
from tests.tools import need_target
from tests.unit.test_fully_connected_kernels import NEAREST, layer, near_halves

TARGETS = ("host", "cortex-m4", "cortex-m55")
KERNELS = {k.operators[0]: k for k in BACKENDS["cmsis_nn"] if "_s8" in k.name}
"""One for int8 of each operator."""

WIDE = tuple(dict.fromkeys(k.operators[0] for k in BACKENDS["cmsis_nn"] if "_s16" in k.name))
"""Operators that have one for int16."""

NARROW = tuple(kernel for kernel in BACKENDS["cmsis_nn"] if "_s4_" in kernel.name)
"""Those for int4 weights."""

INEXACT = tuple(kernel for kernel in BACKENDS["cmsis_nn"] if not kernel.exact)

ONE_ROW = (
    *(
        Conv(shape=(batch, 1, width, channels), kernel=(1, kernel), padding=padding, filters=3)
        for batch, width, channels, kernel, padding in product(
            (1, 2), (3, 7, 12), (4, 8), (2, 3, 5), ("SAME", "VALID")
        )
        if padding == "SAME" or kernel <= width
    ),
    *(
        Conv(shape=(1, 1, width, 4), kernel=(1, 4), stride=(1, stride), padding=padding)
        for width, stride, padding in product((8, 9, 10, 11), (2, 3), ("SAME", "VALID"))
    ),
    *(
        Depthwise(shape=(1, 1, width, 1), depth=8, kernel=(1, 4), stride=(1, 4), padding=padding)
        for width, padding in product((8, 9, 10, 11), ("SAME", "VALID"))
    ),
)
"""Images of one row, for which CMSIS-NN has a function of its own, with and without defects."""

BLOCKS = (
    *(Depthwise(shape=(1, 4, 5, n), kernel=k) for n in (123, 124, 125, 250) for k in ((3, 3),)),
    *(Depthwise(shape=(1, 5, 6, 1), depth=n, kernel=(4, 3)) for n in (2, 5, 8, 9, 16)),
    *(Depthwise(shape=(1, 5, 6, 17), kernel=k, stride=(2, 1)) for k in ((5, 5), (2, 3), (1, 1))),
    *(Conv(shape=(1, 3, 4, 8), filters=6, kernel=k, groups=2) for k in ((1, 1), (1, 3), (3, 3))),
    *(FullyConnected(shape=(2, n), units=u) for n in (15, 16, 65) for u in (1, 3, 4, 9)),
    *(FullyConnected(shape=(2, 17), units=u, per_channel=True) for u in (2, 3, 8, 9)),
    *(FullyConnected(input_zero=zero) for zero in (-128, 0, 127)),
)
"""Shapes around the numbers that CMSIS-NN's functions work in."""


def usable(cases: Iterable[Case], library: Library) -> list[Case]:
    """Those cases that are int8 and, in release 4.0.0, computed as in 7.0.0."""
    return [c for c in cases if c.dtype == "int8" and (library.complete or not _since_changed(c))]


def _since_changed(case: Case) -> bool:
    """Release 4.0.0 has neither groups of channels nor pools of batches, and needs other scratch
    for images of one row."""
    if isinstance(case, Pool):
        return case.shape[0] > 1
    return isinstance(case, Conv) and (case.groups > 1 or case.shape[1] == 1)


def compiled(model: bytes, library: Library, target: str) -> Program:
    need_target(target)
    if target == "host":
        library.need_all()  # release 4.0.0 is for Arm only
    return microlith.compile(
        model, target=target, name="cases", kernels="cmsis_nn", cmsis_nn=library.directory
    )


def check(cases: list[Case], library: Library, target: str) -> list[str]:
    """Verifies all cases; names of those that CMSIS-NN ran."""
    chosen = []
    for first in range(0, len(cases), MODEL_SIZE):
        part = cases[first : first + MODEL_SIZE]
        program = compiled(pack(part), library, target)
        verification = program.verify(samples=SAMPLES, seed=3)
        assert verification.bit_exact, render(verification)
        chosen += [
            case.name
            for case, call in zip(part, program.calls, strict=True)
            if call.backend == "cmsis_nn"
        ]
    return chosen


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("operator", KERNELS)
def test_operator(operator: str, target: str, cmsis_nn: Library) -> None:
    if not cmsis_nn.has(KERNELS[operator]):
        cmsis_nn.need_all()
    cases = usable((case for case in CASES if case.operator == operator), cmsis_nn)
    chosen = check(cases, cmsis_nn, target)
    assert len(chosen) > len(cases) / 2


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("operator", WIDE)
def test_int16(operator: str, target: str, cmsis_nn: Library) -> None:
    cmsis_nn.need_all()
    cases = [case for case in CASES if case.operator == operator and case.dtype == "int16"]
    chosen = check(cases, cmsis_nn, target)
    exact = {k.operators[0] for k in BACKENDS["cmsis_nn"] if "_s16" in k.name and k.exact}
    assert bool(chosen) == (operator in exact)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kernel", NARROW, ids=lambda kernel: kernel.name)
def test_int4(
    kernel: Kernel, target: str, cmsis_nn: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All int8 rows of the operator with weights of 4 bits."""
    cmsis_nn.need_all()
    backends = {"portable": BACKENDS["portable"], "cmsis_nn": (kernel,)}
    monkeypatch.setattr(select, "BACKENDS", backends)
    weighted = (c for c in CASES if isinstance(c, Weighted) and c.operator == kernel.operators[0])
    cases = {replace(case, bits=4) for case in weighted if case.dtype == "int8"}
    chosen = check(sorted(cases, key=lambda case: case.name), cmsis_nn, target)
    assert chosen


@pytest.mark.parametrize("kernel", INEXACT, ids=lambda kernel: kernel.name)
def test_inexact(kernel: Kernel, cmsis_nn: Library) -> None:
    """What is off in the last bit here and there runs only where the user allows it."""
    cmsis_nn.need_all()
    cases = [
        case for case in CASES if case.operator == kernel.operators[0] and case.dtype == "int16"
    ]
    for allow in (False, True):
        program = microlith.compile(
            pack(cases[:MODEL_SIZE]),
            target="host",
            name="cases",
            kernels="cmsis_nn",
            cmsis_nn=cmsis_nn.directory,
            allow_inexact=allow,
        )
        assert (kernel.name in {call.kernel for call in program.calls}) == allow
        assert program.verify(samples=SAMPLES, seed=3).bit_exact != allow


@pytest.mark.parametrize("target", TARGETS)
def test_one_row(target: str, cmsis_nn: Library) -> None:
    cmsis_nn.need_all()
    chosen = check([*ONE_ROW], cmsis_nn, target)
    assert 0 < len(chosen) < len(ONE_ROW)


@pytest.mark.parametrize("target", TARGETS)
def test_shapes_around_block_sizes(target: str, cmsis_nn: Library) -> None:
    assert check(usable(BLOCKS, cmsis_nn), cmsis_nn, target)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("per_channel", [False, True])
def test_fully_connected_rounds_once(target: str, per_channel: bool, cmsis_nn: Library) -> None:
    """Biases near the halves between two integers, where two roundings would differ from one."""
    if per_channel:
        cmsis_nn.need_all()
    source, weight, result = (float(np.float32(scale)) for scale in NEAREST)
    bias = near_halves(source * weight / result)
    bias = bias[np.abs(bias.astype(np.int64)) < 1 << 20]
    scales = [weight] * len(bias) if per_channel else weight
    model = layer(np.ones((len(bias), 1), np.int8), (source, scales, result), bias=bias)
    program = compiled(model, cmsis_nn, target)
    assert program.calls[0].backend == "cmsis_nn"
    verification = program.verify(samples=SAMPLES, seed=0)
    assert verification.bit_exact, render(verification)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("zero_point", [-128, 5, 127])
def test_zero_point_of_weights(target: str, zero_point: int, cmsis_nn: Library) -> None:
    cmsis_nn.need_all()
    weights = np.random.default_rng(0).integers(-128, 128, (7, 33)).astype(np.int8)
    model = layer(weights, (0.1, 0.1, 20.0), zero_point=zero_point, shape=(3, 33))
    program = compiled(model, cmsis_nn, target)
    assert program.calls[0].backend == "cmsis_nn"
    verification = program.verify(samples=SAMPLES, seed=0)
    assert verification.bit_exact, render(verification)
