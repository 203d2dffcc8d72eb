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
    are compiler options, `link_flags` further ones for linking; `port` are the folders of
    micro_runtime/port that make a program of a model.

    `emulator` is the id of the emulated board that runs it, or None for programs of an operating
    system; `runner` is the command that runs such a program on this machine, to which the
    program's path is appended: empty where it runs by itself."""

    name: str
    summary: str
    features: frozenset[str]
    pointer_size: int
    alignment: int
    compiler: str
    flags: tuple[str, ...]
    emulator: str | None
    port: tuple[str, ...] = ("host",)
    link_flags: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()

    @property
    def cflags(self) -> tuple[str, ...]:
        """All compiler options that decide on the code: the common ones and the processor's."""
        return (*COMMON_FLAGS, *self.flags)

    def tool(self, name: str) -> str:
        """A program of the compiler's package, e.g. `ar`."""
        return self.compiler.removesuffix("gcc") + name if self.is_cross else name

    @property
    def is_cross(self) -> bool:
        """Whether the compiler is named for the target, e.g. arm-none-eabi-gcc."""
        return self.compiler.endswith("-gcc")
