# SPDX-License-Identifier: Apache-2.0
"""Instruction counts against the committed baseline: they are exact, so this is no timed test."""

from __future__ import annotations

import json

import pytest

from scripts import bench
from tests.tools import need_target

BASELINE = json.loads(bench.BASELINE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("target", bench.TARGETS)
@pytest.mark.parametrize("model", bench.MODELS)
def test_no_count_has_grown(model: str, target: str) -> None:
    need_target(target)
    path = bench.MODELS[model]
    if not path.is_file():
        pytest.skip(f"needs {path}: the folder of shared models is not beside the checkout")
    baseline = BASELINE[target]
    if bench.compiler(target) != baseline["compiler"]:
        pytest.skip(f"the baseline is of {baseline['compiler']}")
    before = baseline["models"][model]["total"]
    after = bench.total(bench.compiled(path, target))
    assert not bench.grown(before, after), (
        f"{after:,} instructions instead of {before:,}: see `make bench-diff`; "
        "if that is as it must be, `make bench-baseline`"
    )
