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


SCRATCH: dict[str, float] = {Optimize.BALANCED: 1 / 14, Optimize.SPEED: 1.0, Optimize.RAM: 1 / 28}
"""Bytes of scratch that a kernel may take, as a part of the largest inputs and outputs of an op."""

LEAST_SCRATCH = 240
"""Bytes of scratch that any kernel may take."""


SLOWER: dict[str, float] = {Optimize.BALANCED: 1.4, Optimize.SPEED: 1.0, Optimize.RAM: 2.5}
"""How much longer an op may take, at most, for less scratch."""


class Plan(StrEnum):
    """What the plan of the arena may do: run op after op, write an op's output over rows of its
    input that nobody needs any more, run several ops as a pipeline of rows."""

    LAYERWISE = "layerwise"
    OVERLAP = "overlap"
    STREAM = "stream"


def validate_plan(plan: str) -> Plan:
    """The plan of that name; OptionError when there is none."""
    try:
        return Plan(plan)
    except ValueError as error:
        raise OptionError(
            f"there is no plan {plan!r}", where="--plan", fix=f"choose from {', '.join(Plan)}"
        ) from error


SLACK: dict[str, float] = {Optimize.BALANCED: 0.025, Optimize.SPEED: 0.005, Optimize.RAM: 0.14}
"""Instructions that a plan of less RAM may take more than layer by layer, as a part of them."""


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
    not all of them any more; `plan` limits what the arena's plan may do."""

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
    plan: Plan = Plan.STREAM
