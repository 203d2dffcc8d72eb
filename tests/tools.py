# SPDX-License-Identifier: Apache-2.0
"""What tests need of the machine that they run on."""

from __future__ import annotations

import pytest

from microlith import targets
from microlith.errors import ToolError
from microlith.simulate import toolchain

TARGETS = tuple(target.name for target in targets.TARGETS)


def need_target(name: str) -> None:
    """Skips the test, with the reason, where the target's compiler or emulator is missing."""
    target = targets.get(name)
    try:
        toolchain.for_target(target)
        if target.emulator is not None:
            toolchain.find("qemu-system-arm")
    except ToolError as error:
        pytest.skip(str(error))
