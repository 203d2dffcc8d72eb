# SPDX-License-Identifier: Apache-2.0
"""All targets, in one visible place."""

from __future__ import annotations

from microlith.errors import OptionError
from microlith.targets.target import Target

_ARM_COMPILER = "arm-none-eabi-gcc"

HOST = Target(
    name="host",
    summary="the machine that microlith runs on, with its C compiler",
    features=frozenset(),
    pointer_size=8,
    alignment=16,
    compiler="cc",
    flags=(),
    emulator=None,
)

CORTEX_M4 = Target(
    name="cortex-m4",
    summary="Cortex-M4 with FPU (QEMU: mps2-an386)",
    features=frozenset({"thumb2", "dsp", "smlal", "fpu"}),
    pointer_size=4,
    alignment=4,
    compiler=_ARM_COMPILER,
    flags=("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    emulator="mps2-an386",
)

CORTEX_M55 = Target(
    name="cortex-m55",
    summary="Cortex-M55 with FPU and MVE (QEMU: mps3-an547)",
    features=frozenset({"thumb2", "dsp", "smlal", "fpu", "mve", "mve_float"}),
    pointer_size=4,
    alignment=8,
    compiler=_ARM_COMPILER,
    # MVE flushes subnormal floats to zero and scalar code does not: the compiler must not choose
    # between them. Vector code is written by hand, in kernels that say so.
    flags=("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard", "-fno-tree-vectorize"),
    emulator="mps3-an547",
)

TARGETS: tuple[Target, ...] = (HOST, CORTEX_M4, CORTEX_M55)

DEFAULT = HOST


def get(name: str) -> Target:
    """The target called `name`; OptionError, with the names that exist, when there is none."""
    for target in TARGETS:
        if target.name == name:
            return target
    names = ", ".join(target.name for target in TARGETS)
    raise OptionError(f"there is no target {name!r}", where="--target", fix=f"choose from {names}")
