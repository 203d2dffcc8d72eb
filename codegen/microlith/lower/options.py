# SPDX-License-Identifier: Apache-2.0
"""What a user can ask of a compilation, apart from the target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from microlith.errors import OptionError

ALLOWANCE = {"balanced": 1.5, "speed": 3.0}
"""Bytes of constants that kernels may take, as a multiple of those in the .tflite file."""


def validate_optimize(optimize: str) -> None:
    """Raises OptionError when there is no such aim."""
    if optimize not in ALLOWANCE:
        raise OptionError(
            f"there is no aim {optimize!r}",
            where="--optimize",
            fix=f"choose from {', '.join(ALLOWANCE)}",
        )


@dataclass(frozen=True)
class CompileOptions:
    """`name` prefixes all generated symbols. `row_bands` (tests) splits spatial calls into bands
    of that many output rows. `kernels` is "auto" or the backend to prefer; `cmsis_nn` is the
    directory of CMSIS-NN, without which "auto" does not choose kernels that need it; `optimize`
    is a key of ALLOWANCE."""

    name: str
    signature: str | None = None
    keep_inputs: bool = False
    disabled_passes: tuple[str, ...] = ()
    allow_inexact: bool = False
    row_bands: int | None = None
    kernels: str = "auto"
    cmsis_nn: Path | None = None
    optimize: str = "balanced"
