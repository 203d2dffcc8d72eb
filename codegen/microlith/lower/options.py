# SPDX-License-Identifier: Apache-2.0
"""What a user can ask of a compilation, apart from the target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CompileOptions:
    """`name` prefixes all generated symbols. `row_bands` (tests) splits spatial calls into bands
    of that many output rows. `kernels` is "auto" or the backend to prefer; `cmsis_nn` is the
    directory of CMSIS-NN, without which "auto" does not choose kernels that need it."""

    name: str
    signature: str | None = None
    keep_inputs: bool = False
    disabled_passes: tuple[str, ...] = ()
    allow_inexact: bool = False
    row_bands: int | None = None
    kernels: str = "auto"
    cmsis_nn: Path | None = None
