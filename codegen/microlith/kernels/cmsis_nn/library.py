# SPDX-License-Identifier: Apache-2.0
"""CMSIS-NN itself: which release, which of its variants a target gets, where it lies on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

from microlith.errors import ToolError
from microlith.kernels.base import Kernel
from microlith.targets.target import Target

VERSION = "7.0.0"
REPOSITORY = "https://github.com/ARM-software/CMSIS-NN"

HOW_TO_GET = (
    f"get it with `git clone --branch v{VERSION} --depth 1 {REPOSITORY}` and name its directory "
    "with --cmsis-nn DIR or in CMSIS_NN_DIR"
)

HEADERS = ("Include/arm_nnfunctions.h",)
"""By which a directory is recognised."""

Variant = Literal["mve", "dsp", "scalar"]
T = TypeVar("T")


@dataclass(frozen=True)
class PerVariant(Generic[T]):
    """A value for each variant."""

    mve: T
    dsp: T
    scalar: T

    def of(self, target: Target) -> T:
        """The value for the variant that `target` gets."""
        values: dict[Variant, T] = {"mve": self.mve, "dsp": self.dsp, "scalar": self.scalar}
        return values[variant(target)]


def variant(target: Target) -> Variant:
    """The code that the library's headers choose from the compiler's options for `target`."""
    if "mve" in target.features:
        return "mve"
    return "dsp" if "dsp" in target.features else "scalar"


def require(directory: Path | None, sources: Iterable[str]) -> Path:
    """Absolute path of `directory`, which holds `sources` (paths in it).

    Raises ToolError, saying how to get CMSIS-NN, when no directory is given or it lacks files.
    """
    if directory is None:
        raise ToolError(f"CMSIS-NN {VERSION} is needed, but not given", fix=HOW_TO_GET)
    missing = [name for name in (*HEADERS, *sources) if not (directory / name).is_file()]
    if missing:
        raise ToolError(
            f"is not CMSIS-NN {VERSION}: {missing[0]} is missing",
            where=str(directory),
            fix=HOW_TO_GET,
        )
    return directory.resolve()


def include_directories(directory: Path) -> tuple[Path, Path]:
    """Where C files of ours find the library's headers and sources."""
    return directory, directory / "Include"


def sources(folder: str, *names: str) -> tuple[str, ...]:
    """Paths of C files of `folder` (below Source/) in the library."""
    return tuple(f"Source/{folder}/{name}.c" for name in names)


class CmsisNNKernel(Kernel):
    """A kernel that calls CMSIS-NN, on whole tensors."""

    backend = "cmsis_nn"
    common_sources: ClassVar[tuple[str, ...]] = ()
    """Files of the library that every variant needs."""

    variant_sources: ClassVar[PerVariant[tuple[str, ...]]] = PerVariant((), (), ())
    """Files that a variant needs besides."""

    def library_sources(self, target: Target) -> tuple[str, ...]:
        return self.common_sources + self.variant_sources.of(target)
