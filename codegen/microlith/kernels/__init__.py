# SPDX-License-Identifier: Apache-2.0
"""All backends, each an explicit tuple of kernels."""

from __future__ import annotations

from microlith.kernels.base import Kernel

PORTABLE: tuple[Kernel, ...] = ()

BACKENDS: dict[str, tuple[Kernel, ...]] = {"portable": PORTABLE}
