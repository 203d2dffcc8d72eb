# SPDX-License-Identifier: Apache-2.0
"""Target: what kernel selection, memory planning and the build need to know of a processor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A processor family. `pointer_size` and `alignment` (of arena buffers) are in bytes; `flags`
    are compiler options; `emulator` is the id of the emulated board that runs it, or None for the
    machine that microlith itself runs on."""

    name: str
    summary: str
    features: frozenset[str]
    pointer_size: int
    alignment: int
    compiler: str
    flags: tuple[str, ...]
    emulator: str | None
