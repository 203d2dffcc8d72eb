# SPDX-License-Identifier: Apache-2.0
"""Every kernel of the helium backend by itself, wherever it is legal: its assembly on Cortex-M55
and its plain C twin on the host give the reference's bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

import microlith
from microlith import targets
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower import select
from microlith.lower.options import ALLOWANCE
from microlith.targets import targets as declared
from microlith.verify.verify import render
from tests.conformance.bench import Case, pack
from tests.conformance.cases import CASES
from tests.conformance.test_conformance import MODEL_SIZE, SAMPLES
from tests.tools import need_target

KERNELS = tuple(k for k in BACKENDS["helium"] if "mve_float" not in k.features)
"""Those in single precision are in test_float_kernels.py."""


@pytest.fixture
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Leaves one kernel in the helium backend and makes it the cheapest of all, whatever its
    constants take."""
    kernel: Kernel = request.param
    monkeypatch.setitem(ALLOWANCE, "balanced", 1e6)
    monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    backends = {"portable": BACKENDS["portable"], "helium": (kernel,)}
    monkeypatch.setattr(select, "BACKENDS", backends)
    return kernel


def able(kernel: Kernel, target: str) -> list[Case]:
    """The cases of the table that the kernel runs."""
    cases = [c for c in CASES if c.operator in kernel.operators and c.dtype != "float32"]
    program = microlith.compile(pack(cases), target=target, name="cases")
    return [cases[call.op] for call in program.calls if call.kernel == kernel.name]


@pytest.mark.parametrize("target", ["host", "cortex-m55"])
@pytest.mark.parametrize("only", KERNELS, ids=lambda kernel: kernel.name, indirect=True)
def test_kernel(only: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need_target(target)
    featured = tuple(
        replace(t, features=t.features | only.features) if t.name == target else t
        for t in declared.TARGETS
    )
    monkeypatch.setattr(declared, "TARGETS", featured)
    assert only.features <= targets.get(target).features
    cases = able(only, target)
    assert cases, "no case of the table is run by the kernel"
    for first in range(0, len(cases), MODEL_SIZE):
        model = pack(cases[first : first + MODEL_SIZE])
        for row_bands in (None, 2):
            program = microlith.compile(model, target=target, name="cases", row_bands=row_bands)
            assert {call.kernel for call in program.calls} == {only.name}
            verification = program.verify(samples=SAMPLES, seed=7)
            assert verification.passed, render(verification)
