# SPDX-License-Identifier: Apache-2.0
"""All targets, in one visible place."""

from __future__ import annotations

from microlith.errors import OptionError
from microlith.targets.target import Target

_ARM_COMPILER = "arm-none-eabi-gcc"
_CORTEX_M = ("bare_metal", "cortex_m")

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

CORTEX_M0PLUS = Target(
    name="cortex-m0plus",
    summary="Cortex-M0+ (QEMU: microbit with more memory; its core is an M0)",
    features=frozenset(),
    pointer_size=4,
    alignment=4,
    compiler=_ARM_COMPILER,
    flags=("-mcpu=cortex-m0plus", "-mthumb", "-mfloat-abi=soft"),
    emulator="microbit-4m",
    port=_CORTEX_M,
)

CORTEX_M3 = Target(
    name="cortex-m3",
    summary="Cortex-M3 (QEMU: mps2-an385)",
    features=frozenset({"thumb2"}),
    pointer_size=4,
    alignment=4,
    compiler=_ARM_COMPILER,
    flags=("-mcpu=cortex-m3", "-mthumb", "-mfloat-abi=soft"),
    emulator="mps2-an385",
    port=_CORTEX_M,
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
    port=_CORTEX_M,
)

CORTEX_M7 = Target(
    name="cortex-m7",
    summary="Cortex-M7 with FPU (QEMU: mps2-an500)",
    features=frozenset({"thumb2", "dsp", "fpu"}),
    pointer_size=4,
    alignment=4,
    compiler=_ARM_COMPILER,
    # Single precision runs on every M7 that has an FPU.
    flags=("-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    emulator="mps2-an500",
    port=_CORTEX_M,
)

CORTEX_M33 = Target(
    name="cortex-m33",
    summary="Cortex-M33 with DSP and FPU, in the secure state (QEMU: mps2-an505)",
    features=frozenset({"thumb2", "dsp", "fpu"}),
    pointer_size=4,
    alignment=4,
    compiler=_ARM_COMPILER,
    flags=("-mcpu=cortex-m33", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    emulator="mps2-an505",
    port=_CORTEX_M,
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
    port=_CORTEX_M,
)

RISCV32 = Target(
    name="riscv32",
    summary="RV32IMC without FPU, as in an ESP32-C3 (QEMU: virt)",
    features=frozenset(),
    pointer_size=4,
    alignment=4,
    compiler="riscv64-unknown-elf-gcc",
    # Nothing sets up gp, through which small data would be addressed.
    flags=(
        *("-march=rv32imc", "-mabi=ilp32", "-mcmodel=medany", "-msmall-data-limit=0"),
        "--specs=picolibc.specs",
    ),
    emulator="riscv-virt",
    port=("bare_metal", "riscv"),
)

AARCH64 = Target(
    name="aarch64",
    summary="64-bit Arm with Linux (QEMU: user mode)",
    features=frozenset({"neon"}),
    pointer_size=8,
    alignment=16,
    compiler="aarch64-linux-gnu-gcc",
    flags=("-march=armv8-a",),
    emulator=None,
    link_flags=("-static",),
    runner=("qemu-aarch64",),
)

TARGETS: tuple[Target, ...] = (
    HOST,
    CORTEX_M0PLUS,
    CORTEX_M3,
    CORTEX_M4,
    CORTEX_M7,
    CORTEX_M33,
    CORTEX_M55,
    RISCV32,
    AARCH64,
)

DEFAULT = HOST


def get(name: str) -> Target:
    """The target called `name`; OptionError, with the names that exist, when there is none."""
    for target in TARGETS:
        if target.name == name:
            return target
    names = ", ".join(target.name for target in TARGETS)
    raise OptionError(f"there is no target {name!r}", where="--target", fix=f"choose from {names}")
