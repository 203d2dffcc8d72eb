# SPDX-License-Identifier: Apache-2.0
"""Every kernel with random layers: its assembly on an emulated core and its plain C twin on this
machine give the reference's bytes, whole, in bands of rows, and with rings of rows."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import microlith
from microlith.cli.options import CompileArguments
from microlith.compiler import lower_prepared, prepare
from microlith.ir.program import Program
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower.options import Fixed
from microlith.verify.verify import render
from tests.conformance import single
from tests.conformance.bench import Case, pack
from tests.conformance.sweep import chain, layer
from tests.tools import need_target

LAYERS = 20
CHAINS = 10
"""Cases a kernel, of which it may not run all."""

Make = Callable[[str, str, random.Random], Case | None]

TARGETS = {"dsp": "cortex-m4", "fpu": "cortex-m4", "helium": "cortex-m55"}
KERNELS = [kernel for backend in TARGETS for kernel in BACKENDS[backend]]
"""Those with a twin in plain C."""


def dtype_of(kernel: Kernel) -> str:
    return "float32" if "f32" in kernel.name else "int8"


def drawn(kernel: Kernel, make: Make, number: int) -> list[Case]:
    """Random cases of the kernel's operators, the same ones each time."""
    dice = random.Random(zlib.crc32(kernel.name.encode()))
    operators = [dice.choice(kernel.operators) for _ in range(number)]
    made = (make(operator, dtype_of(kernel), dice) for operator in operators)
    return [case for case in made if case is not None]


def passes(program: Program) -> None:
    verification = program.verify(samples=1, seed=3)
    assert verification.passed, render(verification)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_layers(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    emulated = TARGETS[kernel.backend]
    need_target(emulated)
    found = drawn(kernel, layer, 3 * LAYERS)
    if not found:
        pytest.skip("no layer of its operators is swept")
    single.isolate(kernel, emulated, monkeypatch)
    cases = single.able(kernel, emulated, found)[:LAYERS]
    if not cases:
        pytest.skip("none of the layers is for it")
    model = pack(cases)
    for target, rows in ((emulated, None), (emulated, 3), ("host", None)):
        single.isolate(kernel, target, monkeypatch)
        program = microlith.compile(model, target=target, name="cases", row_bands=rows)
        assert kernel.name in {call.kernel for call in program.calls}
        passes(program)


def in_rows(model: bytes, target: str, kernel: Kernel) -> Program | None:
    """A chain whose middle layer the kernel computes, with a plan by rows; None where it cannot, or
    where all tensors exist whole."""
    arguments = CompileArguments(Path(), target, optimize="ram", plan="stream")
    prepared = prepare(model, **arguments.request())
    free = microlith.compile(model, target=target)
    if free.calls[1].kernel != kernel.name:
        return None
    # The other two are portable: a plan may not slow down what costs nothing.
    portable = microlith.compile(model, target=target, kernels="portable")
    kernels = {call.op: call.kernel for call in portable.calls} | {1: kernel.name}
    options = replace(prepared.options, fixed=Fixed(kernels, "alone"))
    program = lower_prepared(replace(prepared, options=options))
    parted = [rows for call in program.calls for rows in call.outputs if rows.capacity < rows.count]
    return program if parted else None


WINDOWS = ("CONV_2D", "DEPTHWISE_CONV_2D")


@pytest.mark.parametrize(
    "kernel",
    [kernel for kernel in KERNELS if kernel.operators[0] in WINDOWS],
    ids=lambda kernel: kernel.name,
)
def test_rings(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    emulated = TARGETS[kernel.backend]
    need_target(emulated)
    single.isolate(kernel, emulated, monkeypatch)
    checked = 0
    for case in drawn(kernel, chain, CHAINS):
        program = in_rows(pack([case]), emulated, kernel) if checked < 2 else None
        if program is not None:
            passes(program)
            checked += 1
    if not checked:
        pytest.skip("no chain without whole tensors runs it")
