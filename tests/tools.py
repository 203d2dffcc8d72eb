# SPDX-License-Identifier: Apache-2.0
"""What tests need of the machine that they run on."""

from __future__ import annotations

import shutil

import pytest

from microlith import targets
from microlith.errors import ToolError
from microlith.simulate import qemu, toolchain

TARGETS = tuple(target.name for target in targets.TARGETS)

THOROUGH = ("host", "cortex-m4", "cortex-m55")
"""Targets on which every test runs: together they have all kernels of ours."""

OTHERS = tuple(name for name in TARGETS if name not in THOROUGH)
"""Targets whose code is the same C: representative tests show that it does the same there."""


def need_target(name: str) -> None:
    """Skips the test, with the reason, where the target's compiler or emulator is missing."""
    target = targets.get(name)
    try:
        toolchain.for_target(target)
        emulator = qemu.program(target)
        if emulator is not None:
            toolchain.find(emulator)
    except ToolError as error:
        pytest.skip(str(error))


def need_program(name: str) -> None:
    """Skips the test where that program is missing."""
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
