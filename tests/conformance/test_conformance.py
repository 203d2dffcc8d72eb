# SPDX-License-Identifier: Apache-2.0
"""Every operator against the reference, on every target: all rows of the table, and every element
of every result."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import microlith
from microlith import ops
from microlith.verify.verify import render
from tests.conformance.bench import Case, pack
from tests.conformance.cases import CASES, HYBRID, OPERATORS
from tests.tools import OTHERS, THOROUGH, need_target

SAMPLES = 4
"""Random ones; the extreme samples come on top."""

SPATIAL = (
    *("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D"),
    *("ADD", "MUL", "PAD"),
    *("RELU", "RELU6", "LOGISTIC", "ABS"),
)


_FIRST = {(case.operator, case.dtype): case for case in reversed(CASES)}
_LAST = {(case.operator, case.dtype): case for case in CASES}

REPRESENTATIVE = [case for case in CASES if case in (*_FIRST.values(), *_LAST.values())]
"""The first and the last row of each operator and element type: for targets that differ from the
others in little but the compiler."""

MODEL_SIZE = 60
"""Cases of one model: placing tensors takes time that grows faster than their number."""


def check(operator: str, target: str, row_bands: int | None = None) -> None:
    verify([case for case in CASES if case.operator == operator], target, row_bands)


def verify(
    cases: Sequence[Case], target: str, row_bands: int | None = None, *, bit_exact: bool = False
) -> None:
    """`bit_exact`: floats as well, where a tolerance would do elsewhere."""
    need_target(target)
    for first in range(0, len(cases), MODEL_SIZE):
        model = pack(cases[first : first + MODEL_SIZE])
        program = microlith.compile(model, target=target, name="cases", row_bands=row_bands)
        verification = program.verify(samples=SAMPLES, seed=1)
        assert verification.passed, render(verification)
        assert verification.bit_exact or not bit_exact, render(verification)
        assert verification.compared_ops == len(cases[first : first + MODEL_SIZE])


@pytest.mark.parametrize("target", THOROUGH)
@pytest.mark.parametrize("operator", OPERATORS)
def test_operator(operator: str, target: str) -> None:
    check(operator, target)


@pytest.mark.parametrize("target", OTHERS)
def test_representative_cases(target: str) -> None:
    verify(REPRESENTATIVE, target)


@pytest.mark.parametrize("target", (*THOROUGH, *OTHERS))
def test_hybrid_layers_are_bit_exact(target: str) -> None:
    verify(HYBRID if target in THOROUGH else HYBRID[::10], target, bit_exact=True)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("operator", SPATIAL)
def test_bands_of_rows(operator: str, rows: int) -> None:
    check(operator, "host", row_bands=rows)


def test_every_operator_has_rows() -> None:
    assert {operator.name for operator in ops.OPERATORS} <= set(OPERATORS)


def test_names_of_cases_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
