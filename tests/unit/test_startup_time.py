# SPDX-License-Identifier: Apache-2.0
"""The command line answers at once: nothing heavy is imported before it is used."""

from __future__ import annotations

import subprocess
import sys
import time

HELP_SECONDS = 0.3
RUNS = 7
HEAVY = ("numpy", "jinja2", "ortools", "ai_edge_litert", "flatbuffers", "elftools", "rich.console")


def _help_seconds() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "microlith", "--help"], capture_output=True, check=True)
    return time.perf_counter() - start


def test_help_answers_at_once() -> None:
    # The fastest of several runs: the others measure what else the machine does.
    fastest = min(_help_seconds() for _ in range(RUNS))
    assert fastest < HELP_SECONDS, f"microlith --help took {fastest:.2f} s at best"


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, microlith.cli.main; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not set(HEAVY) & set(result.stdout.split())
