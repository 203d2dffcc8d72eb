# SPDX-License-Identifier: Apache-2.0
"""Kernel selection: the cheapest legal kernel of the target's backends, with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from microlith.errors import Problem
from microlith.ir.graph import OpView
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.targets.target import Target


@dataclass(frozen=True)
class Choice:
    """The kernel for one op and why it was taken."""

    kernel: Kernel
    reason: str


def select(op: OpView, target: Target, *, allow_inexact: bool) -> Choice | Problem:
    """The cheapest kernel that can run `op` on `target`, or the reasons why none can."""
    candidates = [k for kernels in BACKENDS.values() for k in kernels if op.op.kind in k.operators]
    rejected = {kernel: _reason_against(kernel, op, target, allow_inexact) for kernel in candidates}
    legal = [kernel for kernel, reason in rejected.items() if reason is None]
    if not legal:
        reasons = "; ".join(f"{kernel.name}: {reason}" for kernel, reason in rejected.items())
        return Problem(
            f"no kernel can run it on {target.name} ({reasons or 'none implements it'})",
            op.op.label,
            "change the layer's attributes or types as the reasons say",
        )
    costs = {kernel: kernel.cost(op, target) for kernel in legal}
    best = min(legal, key=lambda kernel: costs[kernel])
    return Choice(best, _reason_for(best, costs))


def _reason_against(kernel: Kernel, op: OpView, target: Target, allow_inexact: bool) -> str | None:
    missing = kernel.features - target.features
    if missing:
        return f"needs {', '.join(sorted(missing))}"
    if not kernel.exact and not allow_inexact:
        return "is not bit-exact (see --allow-inexact)"
    return kernel.rejects(op)


def _reason_for(best: Kernel, costs: dict[Kernel, float]) -> str:
    if len(costs) == 1:
        return "the only kernel for it"
    others = ", ".join(f"{k.name} {cost:,.0f}" for k, cost in costs.items() if k is not best)
    return f"cheapest: about {costs[best]:,.0f} instructions ({others})"
