# SPDX-License-Identifier: Apache-2.0
"""Every operator against the reference, on every target: all rows of the table, and every element
of every result."""

from __future__ import annotations

import pytest

import microlith
from microlith import ops
from microlith.verify.verify import render
from tests.conformance.bench import pack
from tests.conformance.cases import CASES, OPERATORS
from tests.tools import TARGETS, need_target

SAMPLES = 4
"""Random ones; the extreme samples come on top."""

SPATIAL = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D"),
    *("ADD", "MUL", "PAD"),
)


MODEL_SIZE = 60
"""Cases of one model: placing tensors takes time that grows faster than their number."""


def check(operator: str, target: str, row_bands: int | None = None) -> None:
    need_target(target)
    cases = [case for case in CASES if case.operator == operator]
    for first in range(0, len(cases), MODEL_SIZE):
        model = pack(cases[first : first + MODEL_SIZE])
        program = microlith.compile(model, target=target, name="cases", row_bands=row_bands)
        verification = program.verify(samples=SAMPLES, seed=1)
        assert verification.passed, render(verification)
        assert verification.compared_ops == len(cases[first : first + MODEL_SIZE])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_operator(operator: str, target: str) -> None:
    check(operator, target)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("operator", SPATIAL)
def test_bands_of_rows(operator: str, rows: int) -> None:
    check(operator, "host", row_bands=rows)


def test_every_operator_has_rows() -> None:
    assert {operator.name for operator in ops.OPERATORS} <= set(OPERATORS)


def test_names_of_cases_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
