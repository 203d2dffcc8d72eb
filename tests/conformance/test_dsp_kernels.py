# SPDX-License-Identifier: Apache-2.0
"""Every kernel of the dsp backend by itself, wherever it is legal: its assembly on Cortex-M4 and
its plain C twin on the host give the reference's bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest

import microlith
from microlith import targets
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower import select
from microlith.lower.options import ALLOWANCE, SCRATCH
from microlith.targets import targets as declared
from microlith.verify.verify import render
from tests.conformance.bench import pack
from tests.conformance.cases import CASES
from tests.conformance.test_conformance import MODEL_SIZE, SAMPLES
from tests.conformance.tiles import TILES
from tests.tools import need_target

KERNELS = BACKENDS["dsp"]


@pytest.fixture
def only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Leaves one kernel in the dsp backend and makes it the cheapest of all, whatever its constants
    and its scratch take."""
    kernel: Kernel = request.param
    monkeypatch.setitem(ALLOWANCE, "balanced", 1e6)
    monkeypatch.setitem(SCRATCH, "balanced", 1e6)
    monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    monkeypatch.setattr(select, "BACKENDS", {"portable": BACKENDS["portable"], "dsp": (kernel,)})
    return kernel


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize("only", KERNELS, ids=lambda kernel: kernel.name, indirect=True)
def test_kernel(only: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need_target(target)
    able = tuple(
        replace(t, features=t.features | only.features) if t.name == target else t
        for t in declared.TARGETS
    )
    monkeypatch.setattr(declared, "TARGETS", able)
    assert only.features <= targets.get(target).features
    chosen = 0
    cases = [case for case in (*CASES, *TILES) if case.operator in only.operators]
    for first in range(0, len(cases), MODEL_SIZE):
        model = pack(cases[first : first + MODEL_SIZE])
        for row_bands in (None, 2):
            program = microlith.compile(model, target=target, name="cases", row_bands=row_bands)
            chosen += sum(call.kernel == only.name for call in program.calls)
            verification = program.verify(samples=SAMPLES, seed=7)
            assert verification.passed, render(verification)
    assert chosen > 0, "no case of the table was run by the kernel"
