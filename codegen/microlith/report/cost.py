# SPDX-License-Identifier: Apache-2.0
"""Time and energy from estimated cycles: one value, or the ends of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from microlith.cycles.estimate import Estimate
    from microlith.targets.boards import Board


def ends(cycles: Estimate) -> tuple[float, ...]:
    """The estimate, or its least and most where it may not be given as a number."""
    return (cycles.cycles,) if cycles.is_number else (cycles.low, cycles.high)


def milliseconds(cycles: Estimate | None, hertz: int) -> tuple[float, ...] | None:
    """Time at a clock; None where one of the two is not known."""
    if cycles is None or hertz == 0:
        return None
    return tuple(1e3 * each / hertz for each in ends(cycles))


def energy(cycles: Estimate | None, board: Board | None) -> tuple[float, ...] | None:
    """Microjoules of the core: the charge of a cycle, in picocoulombs (1 uA/MHz is 1 pC), times
    the supply's voltage; None for a board without a current figure."""
    if cycles is None or board is None or board.microamps_per_mhz is None:
        return None
    return tuple(1e-6 * each * board.microamps_per_mhz * board.volts for each in ends(cycles))
