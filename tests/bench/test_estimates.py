# SPDX-License-Identifier: Apache-2.0
"""The cost tables say of CMSIS-NN's kernels what their checks against MLPerf Tiny say they do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import microlith
from microlith.benchmark import benchmark
from microlith.cycles.table import Check, for_target
from microlith.targets import boards
from tests.paths import shared_model
from tests.tools import need_target

TOLERANCE = 0.05
"""Releases of CMSIS-NN and of the compiler differ a little."""


def _checks() -> list[tuple[str, Check]]:
    cores = ("cortex-m4", "cortex-m33", "cortex-m85")
    tables = ((core, for_target(core)) for core in cores)
    return [(core, check) for core, costs in tables if costs for check in costs.checks]


CHECKS = [(core, check) for core, check in _checks() if check.what.startswith("MLPerf Tiny")]


@pytest.mark.parametrize(("core", "check"), CHECKS, ids=[f"{c}-{k.what[12:15]}" for c, k in CHECKS])
def test_estimate_is_that_of_the_table(core: str, check: Check) -> None:
    board = next((board for board in boards.everything() if board.cpu == core), None)
    target = "cortex-m55" if core == "cortex-m85" else core
    need_target(target)
    directory = os.environ.get("CMSIS_NN_DIR")
    if directory is None:
        pytest.skip("needs CMSIS-NN: set CMSIS_NN_DIR")
    name = check.what.split()[2]
    states = re.search(r"(\d+) wait states", check.what)
    program = microlith.compile(
        shared_model(f"mlperf_tiny/{name}_int8.tflite"),
        target=target,
        kernels="cmsis_nn",
        cmsis_nn=Path(directory),
        disabled_passes=["dead_channels"],
    )
    cycles = benchmark(program, wait_states=int(states[1]) if states else 0, board=board).cycles
    assert cycles is not None
    print(f"{core}, {name}: estimated {cycles.cycles:,.0f}, published {check.published:,}")
    assert cycles.cycles == pytest.approx(check.estimated, rel=TOLERANCE)
