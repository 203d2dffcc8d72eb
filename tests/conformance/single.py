# SPDX-License-Identifier: Apache-2.0
"""One kernel by itself, wherever it is legal: its assembly on an emulated core and its plain C twin
on the host give the reference's results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

import microlith
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower import select
from microlith.lower.options import ALLOWANCE, SCRATCH
from microlith.targets import targets as declared
from microlith.verify.verify import render
from tests.conformance.bench import Case, pack
from tests.conformance.test_conformance import MODEL_SIZE, SAMPLES


def isolate(kernel: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves one kernel beside the portable ones, makes it the cheapest of all, whatever its
    constants and scratch take, and gives `target` the features that it needs."""
    monkeypatch.setitem(ALLOWANCE, "balanced", 1e6)
    monkeypatch.setitem(SCRATCH, "balanced", 1e6)
    monkeypatch.setattr(type(kernel), "cost", lambda *_: 0.0)
    backends = {"portable": BACKENDS["portable"], kernel.backend: (kernel,)}
    monkeypatch.setattr(select, "BACKENDS", backends)
    featured = tuple(
        replace(t, features=t.features | kernel.features) if t.name == target else t
        for t in declared.TARGETS
    )
    monkeypatch.setattr(declared, "TARGETS", featured)


def able(kernel: Kernel, target: str, cases: Sequence[Case]) -> list[Case]:
    """The cases that the kernel, left alone, runs."""
    program = microlith.compile(pack(cases), target=target, name="cases")
    return [cases[call.op] for call in program.calls if call.kernel == kernel.name]


def check(kernel: Kernel, target: str, rows: Sequence[Case]) -> None:
    """Verifies all rows that the kernel, left alone, runs: whole and in bands."""
    cases = able(kernel, target, [row for row in rows if row.operator in kernel.operators])
    assert cases, "no row is run by the kernel"
    for first in range(0, len(cases), MODEL_SIZE):
        model = pack(cases[first : first + MODEL_SIZE])
        for row_bands in (None, 2):
            program = microlith.compile(model, target=target, name="cases", row_bands=row_bands)
            assert {call.kernel for call in program.calls} == {kernel.name}
            verification = program.verify(samples=SAMPLES, seed=7)
            assert verification.passed, render(verification)
