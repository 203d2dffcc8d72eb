# SPDX-License-Identifier: Apache-2.0
"""All backends: each is a package with a tuple of its kernels."""

from __future__ import annotations

from microlith.kernels import cmsis_nn, dsp, fpu, helium, portable
from microlith.kernels.base import Kernel

BACKENDS: dict[str, tuple[Kernel, ...]] = {
    "portable": portable.KERNELS,
    "dsp": dsp.KERNELS,
    "fpu": fpu.KERNELS,
    "helium": helium.KERNELS,
    "cmsis_nn": cmsis_nn.KERNELS,
}
