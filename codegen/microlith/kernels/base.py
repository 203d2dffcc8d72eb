# SPDX-License-Identifier: Apache-2.0
"""How an operator runs: the base class of all kernel declarations.

A declaration is mirrored by a C file of the same name under micro_runtime/kernels/<backend>/. Its
parameters are the C struct `params` of the header; `lower` gives a value for each field.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.ir.program import Constant
from microlith.targets.target import Target


@dataclass(frozen=True)
class In:
    """Stands for the `mr_ref` of an input's first byte (arena or weights)."""

    position: int


@dataclass(frozen=True)
class Out:
    """Stands for the `mr_ref` of an output's first byte."""

    position: int = 0


@dataclass(frozen=True)
class InRows:
    """Stands for the `mr_rows` of an input: base, pitch and capacity of its rows."""

    position: int


@dataclass(frozen=True)
class OutRows:
    """Stands for the `mr_rows` of an output."""

    position: int = 0


@dataclass(frozen=True)
class Const:
    """Stands for the `mr_ref` of one of the constants that `lower` returns."""

    name: str


@dataclass(frozen=True)
class Scratch:
    """Stands for the `mr_ref` of the kernel's scratch, `offset` bytes in."""

    offset: int = 0


Argument = (
    int | float | In | Out | InRows | OutRows | Const | Scratch
    | Sequence["Argument"] | Mapping[str, "Argument"]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lowering:
    """What a kernel needs for one op.

    `params` has a value for every field of the C struct; `constants` are named within the op;
    `scratch` is in bytes, aligned as the target's arena; `in_place` lists inputs whose bytes the
    output may take over when nobody else reads them (element i is read before output element i is
    written); `rows` is the number of output rows when the kernel can compute a band of them, 1
    otherwise. The first `lead_rows` of them only read a row of the input and keep what they make of
    it in the scratch, from one band to the next; the others are those of the output.
    """

    params: Mapping[str, Argument]
    constants: tuple[Constant, ...] = ()
    scratch: int = 0
    in_place: tuple[int, ...] = ()
    rows: int = 1
    lead_rows: int = 0


class Kernel(ABC):
    """Declaration of one C kernel."""

    name: ClassVar[str]
    """Short name in reports and manifests, e.g. conv_2d_s8."""

    operators: ClassVar[tuple[str, ...]]
    """Operators that it implements."""

    backend: ClassVar[str] = "portable"
    function: ClassVar[str]
    """C function, of type mr_kernel."""

    params: ClassVar[str]
    """C struct of its parameters, in `source`'s header."""

    source: ClassVar[str]
    """C file below micro_runtime/kernels/<backend>/, without suffix; the header lies beside it."""

    joins_rows: ClassVar[bool] = False
    """Whether rows that lie one behind the other are computed faster."""

    rows_at_once: ClassVar[int] = 1
    """Rows that are computed together: fewer take as long."""

    pixels_at_once: ClassVar[int] = 1
    """Pixels of a band that are computed together, over the ends of rows: fewer take as long."""

    cycles: ClassVar[float] = 1.5
    """Estimated cycles of one of its instructions, where they differ much from those of others."""

    features: ClassVar[frozenset[str]] = frozenset()
    """ISA features that the target must have."""

    exact: ClassVar[bool] = True
    """Whether it gives the reference's bytes (float: stays within the operator's tolerance)."""

    @abstractmethod
    def rejects(self, op: OpView) -> str | None:
        """Why this kernel cannot run `op` (which the operator's rules accept), or None."""

    @abstractmethod
    def lower(self, op: OpView, target: Target) -> Lowering:
        """Parameters, constants and scratch for `op`."""

    def library_sources(self, target: Target) -> tuple[str, ...]:
        """C files of CMSIS-NN that are compiled for it, as paths in CMSIS-NN's directory."""
        return ()

    @abstractmethod
    def cost(self, op: OpView, target: Target) -> float:
        """Estimated instructions, to choose between kernels."""

    def band_cost(self, op: OpView, target: Target, lowering: Lowering, rows: int) -> float:
        """Estimated instructions of a step that computes `rows` rows; all of them together take
        `cost`, which has no share of a step's own."""
        share = self._groups(op, rows) / self._groups(op, lowering.rows)
        return self.cost(op, target) * share + self.step_cost(op)

    def step_cost(self, op: OpView) -> float:
        """Estimated instructions of a step apart from its rows: the interpreter's, and what the
        kernel does before the first row."""
        return 170.0

    def _groups(self, op: OpView, rows: int) -> int:
        """In how many turns so many rows are computed, each as long as any other."""
        shape = op.output().shape
        width = shape[-2] if self.pixels_at_once > 1 and len(shape) > 1 else 1
        return -(-rows * width // (self.rows_at_once * self.pixels_at_once))


def wrong_type(op: OpView, dtype: DType) -> str | None:
    """Why a kernel for elements of `dtype` cannot run `op`, or None if it can."""
    found = op.input().dtype
    return None if found == dtype else f"is for {dtype.value}, not {found.value}"


def wrong_weights(op: OpView, dtype: DType) -> str | None:
    """Why a kernel for activations and weights of `dtype` cannot run `op`, or None if it can."""
    found = op.input(1).dtype
    return wrong_type(op, dtype) or (
        None if found == dtype else f"is for {dtype.value} weights, not {found.value}"
    )
