# SPDX-License-Identifier: Apache-2.0
"""An op with the kernel that was chosen for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from microlith.ir.graph import OpView
from microlith.kernels.base import Kernel, Lowering
from microlith.lower.allot import Choice
from microlith.lower.select import Candidate
from microlith.targets.target import Target


@dataclass(frozen=True, eq=False)
class Selected:
    """One op with its kernel and what the kernel needs. `by_rows` is another kernel, which needs no
    more than a row of its input at a time where the chosen one needs all."""

    op: OpView
    choice: Choice
    target: Target
    by_rows: Candidate | None = None

    @property
    def kernel(self) -> Kernel:
        return self.choice.candidate.kernel

    @property
    def lowering(self) -> Lowering:
        return self.choice.candidate.lowering

    @property
    def library_sources(self) -> tuple[str, ...]:
        return self.kernel.library_sources(self.target)

    def cost(self, rows: int) -> float:
        """Estimated instructions of a step of so many rows."""
        return self.kernel.band_cost(self.op, self.target, self.lowering, rows)

    def row_by_row(self) -> Selected:
        """The same with the kernel `by_rows`, if there is one."""
        if self.by_rows is None:
            return self
        reason = f"reads row by row, instead of {self.kernel.name}: the plan then needs less RAM"
        return replace(self, choice=Choice(self.by_rows, reason), by_rows=None)
