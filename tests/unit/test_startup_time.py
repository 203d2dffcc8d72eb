# SPDX-License-Identifier: Apache-2.0
"""The command line answers at once: nothing heavy is imported before it is used."""

from __future__ import annotations

import os
import subprocess
import sys

HELP_SECONDS = 0.3
RUNS = 7
HEAVY = ("numpy", "jinja2", "ortools", "ai_edge_litert", "flatbuffers", "elftools", "rich.console")


def _help_seconds() -> float:
    """Processor time of one `microlith --help`: wall time would measure the tests beside it too."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "microlith", "--help"], capture_output=True, check=True)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def test_help_answers_at_once() -> None:
    fastest = min(_help_seconds() for _ in range(RUNS))
    assert fastest < HELP_SECONDS, f"microlith --help took {fastest:.2f} s at best"


def test_importing_the_command_line_loads_nothing_heavy() -> None:
    code = "import sys, microlith.cli.main; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert not set(HEAVY) & set(result.stdout.split())
