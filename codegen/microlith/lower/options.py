# SPDX-License-Identifier: Apache-2.0
"""What a user can ask of a compilation, apart from the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from microlith.errors import OptionError


class Optimize(StrEnum):
    """What is traded for what: flash for speed, or speed for RAM."""

    BALANCED = "balanced"
    SPEED = "speed"
    RAM = "ram"


ALLOWANCE: dict[str, float] = {Optimize.BALANCED: 1.5, Optimize.SPEED: 3.0, Optimize.RAM: 1.5}
"""Bytes of constants that kernels may take, as a multiple of those in the .tflite file."""


def validate_optimize(optimize: str) -> Optimize:
    """The aim of that name; OptionError when there is none."""
    try:
        return Optimize(optimize)
    except ValueError as error:
        raise OptionError(
            f"there is no aim {optimize!r}",
            where="--optimize",
            fix=f"choose from {', '.join(Optimize)}",
        ) from error


@dataclass(frozen=True)
class Fixed:
    """Kernels that were chosen before: their names by the op's index in the .tflite file; the
    `reason` stands beside each."""

    kernels: Mapping[int, str]
    reason: str


@dataclass(frozen=True)
class CompileOptions:
    """`name` prefixes all generated symbols. `row_bands` (tests) splits spatial calls into bands
    of that many output rows. `kernels` is "auto" or the backend to prefer; `cmsis_nn` is the
    directory of CMSIS-NN, without which "auto" does not choose kernels that need it. `max_flash`,
    the most bytes that constants may take, replaces the allowance of `optimize`; `fixed` decides
    on kernels alone; `file_bytes` are those of constants in the .tflite file, where the graph has
    not all of them any more."""

    name: str
    signature: str | None = None
    keep_inputs: bool = False
    disabled_passes: tuple[str, ...] = ()
    allow_inexact: bool = False
    row_bands: int | None = None
    kernels: str = "auto"
    cmsis_nn: Path | None = None
    optimize: Optimize = Optimize.BALANCED
    max_flash: int | None = None
    fixed: Fixed | None = None
    file_bytes: int | None = None
