# SPDX-License-Identifier: Apache-2.0
"""Which target's code runs on a board."""

from __future__ import annotations

from microlith.errors import OptionError
from microlith.targets.boards import Board
from microlith.targets.target import Target
from microlith.targets.targets import TARGETS


def target_for(board: Board) -> Target:
    """The target that the board's file names, else the one called like its core.

    Raises OptionError for a core that no target's code runs on.
    """
    found = find_target(board)
    if found is None:
        raise OptionError(
            f"no target's code runs on a {board.target or board.cpu}",
            where=f"board {board.name}",
            fix="name a target in the board's file",
        )
    return found


_NEAREST = {
    "cortex-m0": "cortex-m0plus",
    "cortex-m1": "cortex-m0plus",
    "cortex-m23": "cortex-m0plus",
    "cortex-m35p": "cortex-m33",
    "cortex-m52": "cortex-m55",
    "cortex-m85": "cortex-m55",
}
"""Targets whose code runs on cores that have no target of their own."""

_PORTABLE = "riscv32"
"""Any other 32-bit core: its kernels are plain C."""


def target_of_core(core: str) -> Target:
    """The target for a core by the name that build systems have for it, such as `cortex-m4`,
    `cortex-m23` or `esp32`."""
    wanted = _NEAREST.get(core.lower(), core.lower())
    known = {target.name: target for target in TARGETS}
    return known.get(wanted, known[_PORTABLE])


def find_target(board: Board) -> Target | None:
    """As target_for(), but None for a core that no target's code runs on."""
    wanted = board.target or board.cpu
    return next((target for target in TARGETS if target.name == wanted), None)


def features_of(board: Board) -> frozenset[str]:
    """The core's features: those in the board's file, else those of its target."""
    if board.features is not None:
        return board.features
    target = find_target(board)
    return target.features if target else frozenset()
