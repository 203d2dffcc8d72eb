# SPDX-License-Identifier: Apache-2.0
"""Kernel selection: the cheapest legal kernel of the backends in question, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from microlith.errors import OptionError, Problem
from microlith.ir.graph import OpView
from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.lower.options import CompileOptions
from microlith.targets.target import Target

AUTO = "auto"
"""Preference for the cheapest kernel of all backends."""


@dataclass(frozen=True)
class Choice:
    """The kernel for one op and why it was taken."""

    kernel: Kernel
    reason: str


def validate_preference(kernels: str) -> None:
    """Raises OptionError when there is no such backend."""
    if kernels not in (AUTO, *BACKENDS):
        raise OptionError(
            f"there is no kernel backend {kernels!r}",
            where="--kernels",
            fix=f"choose from {', '.join((AUTO, *BACKENDS))}",
        )


def select(op: OpView, target: Target, options: CompileOptions) -> Choice | Problem:
    """The cheapest kernel that can run `op` on `target`, of the first backends that have one, or
    the reasons why none can."""
    against: dict[str, str] = {}
    for backends in _preferences(options):
        legal = []
        for kernel in _candidates(op, backends):
            reason = _reason_against(kernel, op, target, options.allow_inexact)
            if reason is None:
                legal.append(kernel)
            else:
                against[kernel.name] = reason
        if legal:
            costs = {kernel: kernel.cost(op, target) for kernel in legal}
            best = min(legal, key=lambda kernel: costs[kernel])
            return Choice(best, _reason_for(best, costs, against, options.kernels))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in against.items())
    return Problem(
        f"no kernel can run it on {target.name} ({reasons or 'none implements it'})",
        op.op.label,
        "change the layer's attributes or types as the reasons say",
    )


def _preferences(options: CompileOptions) -> Iterator[tuple[str, ...]]:
    """Backends in order of preference. CMSIS-NN is the user's to bring: without its directory, only
    an explicit wish chooses it."""
    if options.kernels == AUTO:
        missing = {"cmsis_nn"} if options.cmsis_nn is None else set()
        yield tuple(name for name in BACKENDS if name not in missing)
        return
    yield (options.kernels,)
    if options.kernels != "portable":
        yield ("portable",)


def _candidates(op: OpView, backends: tuple[str, ...]) -> Iterator[Kernel]:
    for backend in backends:
        yield from (kernel for kernel in BACKENDS[backend] if op.op.kind in kernel.operators)


def _reason_against(kernel: Kernel, op: OpView, target: Target, allow_inexact: bool) -> str | None:
    missing = kernel.features - target.features
    if missing:
        return f"needs {', '.join(sorted(missing))}"
    if not kernel.exact and not allow_inexact:
        return "is not bit-exact (see --allow-inexact)"
    return kernel.rejects(op)


def _reason_for(
    best: Kernel, costs: Mapping[Kernel, float], against: Mapping[str, str], preferred: str
) -> str:
    if preferred not in (AUTO, best.backend):
        why = "; ".join(f"{name} {reason}" for name, reason in against.items())
        return f"{preferred} has none for it" + (f": {why}" if why else "")
    if len(costs) == 1:
        return "the only kernel for it"
    others = ", ".join(f"{k.name} {cost:,.0f}" for k, cost in costs.items() if k is not best)
    return f"cheapest: about {costs[best]:,.0f} instructions ({others})"
