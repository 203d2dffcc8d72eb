# SPDX-License-Identifier: Apache-2.0
"""What a user can ask of a compilation, apart from the target."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompileOptions:
    """`name` prefixes all generated symbols. `row_bands` (tests) splits spatial calls into bands
    of that many output rows."""

    name: str
    signature: str | None = None
    keep_inputs: bool = False
    disabled_passes: tuple[str, ...] = ()
    allow_inexact: bool = False
    row_bands: int | None = None
