# SPDX-License-Identifier: Apache-2.0
"""PlatformIO in tests: with a core directory of its own that needs no network."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from microlith import platformio
from microlith.errors import ToolError


def core_directory(base: Path) -> Path:
    """A core directory that can build; skips where PlatformIO or its SCons is missing."""
    directory = base / "core"
    try:
        platformio.lay_out_core(directory)
    except ToolError as error:
        pytest.skip(str(error))
    return directory


def pio(core: Path, project: Path, *arguments: str, expect: int = 0) -> str:
    """What `pio ARGUMENTS` prints in a project; fails unless it ends with the code `expect`."""
    result = subprocess.run(
        [platformio.find(), *arguments],
        cwd=project,
        env=platformio.environment(core),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    printed = result.stdout + result.stderr
    assert result.returncode == expect, printed
    return printed
