# SPDX-License-Identifier: Apache-2.0
"""Target: what kernel selection, memory planning and the build need to know of a processor."""

from __future__ import annotations

from dataclasses import dataclass

COMMON_FLAGS = ("-std=c11", "-O2", "-ffp-contract=off")
"""Compiler options of everything that is generated. Contraction of a*b+c is off because the
reference kernels round after the product."""


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

    @property
    def cflags(self) -> tuple[str, ...]:
        """All compiler options that decide on the code: the common ones and the processor's."""
        return (*COMMON_FLAGS, *self.flags)
