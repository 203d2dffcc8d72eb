# SPDX-License-Identifier: Apache-2.0
"""Which CMSIS-NN tests use: the checkout that CMSIS_NN_DIR names, or else what the package bakenn
carries, a part of release 4.0.0."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from microlith.kernels.cmsis_nn.library import CmsisNNKernel

SUBSET = frozenset(
    {
        "conv_2d_s8_cmsis_nn",
        "depthwise_conv_2d_s8_cmsis_nn",
        "fully_connected_s8_cmsis_nn",
        "average_pool_s8_cmsis_nn",
        "max_pool_s8_cmsis_nn",
    }
)
"""Kernels whose functions release 4.0.0 has too, with the same prototypes."""


@dataclass(frozen=True)
class Library:
    """A directory of CMSIS-NN. Without `complete`, it has what SUBSET needs and no more."""

    directory: Path
    complete: bool

    def need_all(self) -> None:
        """Skips the test unless the checkout is complete."""
        if not self.complete:
            pytest.skip("needs a checkout of CMSIS-NN 7.0.0, named by CMSIS_NN_DIR")

    def has(self, kernel: CmsisNNKernel) -> bool:
        return self.complete or kernel.name in SUBSET


def locate(folder: Path) -> Library:
    """The library for tests; `folder` is an empty one in which it may be put together."""
    given = os.environ.get("CMSIS_NN_DIR")
    if given:
        return Library(Path(given), complete=True)
    package = importlib.util.find_spec("bakenn")
    if package is None or not package.submodule_search_locations:
        pytest.skip("needs CMSIS-NN: set CMSIS_NN_DIR, or install bakenn")
    vendor = Path(package.submodule_search_locations[0], "backend", "cmsis_nn", "vendor")
    shutil.copytree(vendor / "cmsis_nn", folder, dirs_exist_ok=True)
    shutil.copytree(vendor / "cmsis_core" / "Include", folder / "Include", dirs_exist_ok=True)
    return Library(folder, complete=False)


def all_sources(directory: Path) -> tuple[str, ...]:
    """All C files of the library: release 4.0.0 divides its functions among other files."""
    found = sorted(directory.glob("Source/*/*.c"))
    return tuple(path.relative_to(directory).as_posix() for path in found)
