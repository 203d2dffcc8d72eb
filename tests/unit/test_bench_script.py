# SPDX-License-Identifier: Apache-2.0
"""Comparison of instruction counts with a baseline."""

from __future__ import annotations

import json

import pytest

from scripts import bench


@pytest.mark.parametrize(("after", "expected"), [(900, False), (1020, False), (1021, True)])
def test_two_percent_may_be_added(after: int, expected: bool) -> None:
    assert bench.grown(1000, after) is expected


def test_difference_shows_what_changed_and_the_total() -> None:
    before = {"total": 1100, "ops": {"0 ADD": 100, "1 CONV_2D": 900, "2 MUL": 100}}
    after = {"total": 950, "ops": {"0 ADD": 100, "1 CONV_2D": 720, "3 MEAN": 130}}
    lines = [line.split(maxsplit=3) for line in bench.difference_lines(before, after)]
    assert lines == [
        ["900", "720", "-20.0%", "1 CONV_2D"],
        ["100", "0", "-100.0%", "2 MUL"],
        ["0", "130", "new", "3 MEAN"],
        ["1,100", "950", "-13.6%", "= an invoke"],
    ]


def test_baseline_holds_every_model_on_every_target() -> None:
    baseline = json.loads(bench.BASELINE.read_text(encoding="utf-8"))
    assert {target: set(baseline[target]["models"]) for target in baseline} == {
        target: set(bench.MODELS) for target in bench.TARGETS
    }
