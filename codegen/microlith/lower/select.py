# SPDX-License-Identifier: Apache-2.0
"""Kernel selection: the cheapest legal kernel of the backends in question, with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from microlith.errors import OptionError, Problem
from microlith.ir.graph import OpView
from microlith.kernels import BACKENDS
from microlith.kernels.base import Argument, In, InRows, Kernel, Lowering
from microlith.lower.options import CompileOptions
from microlith.targets.target import Target

AUTO = "auto"
"""Preference for the cheapest kernel of all backends."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A kernel that can run an op: what it needs, and its estimated instructions; `measured` are
    its cycles, where they are known better than by a factor."""

    kernel: Kernel
    lowering: Lowering
    cost: float
    constant_bytes: int
    measured: float | None = None

    @property
    def cycles(self) -> float:
        """Estimated ones."""
        return self.cost * self.kernel.cycles if self.measured is None else self.measured


@dataclass(frozen=True, eq=False)
class Candidates:
    """All kernels that can run `op`, the cheapest first. `passed_over` is a preferred backend that
    has none, `against` says by name why its kernels cannot."""

    op: OpView
    legal: tuple[Candidate, ...]
    against: Mapping[str, str]
    passed_over: str = ""


def validate_preference(kernels: str) -> None:
    """Raises OptionError when there is no such backend."""
    if kernels not in (AUTO, *BACKENDS):
        raise OptionError(
            f"there is no kernel backend {kernels!r}",
            where="--kernels",
            fix=f"choose from {', '.join((AUTO, *BACKENDS))}",
        )


def candidates(op: OpView, target: Target, options: CompileOptions) -> Candidates | Problem:
    """The kernels that can run `op` on `target`, of the first backends that have any, or the
    reasons why none can."""
    against: dict[str, str] = {}
    passed_over = ""
    for backends in _preferences(options):
        legal = []
        refused = {}
        for kernel in _candidates(op, backends):
            reason = _reason_against(kernel, op, target, options.allow_inexact)
            if reason is None:
                legal.append(_candidate(kernel, op, target))
            else:
                refused[kernel.name] = reason
        if legal:
            ordered = tuple(sorted(legal, key=lambda candidate: candidate.cost))
            return Candidates(op, ordered, against, passed_over)
        passed_over = options.kernels
        against |= refused
    reasons = "; ".join(f"{name}: {reason}" for name, reason in against.items())
    return Problem(
        f"no kernel can run it on {target.name} ({reasons or 'none implements it'})",
        op.op.label,
        "change the layer's attributes or types as the reasons say",
    )


def _candidate(kernel: Kernel, op: OpView, target: Target) -> Candidate:
    lowering = kernel.lower(op, target)
    own = sum(constant.nbytes for constant in lowering.constants)
    as_they_are = {i for i in _inputs_named(lowering.params) if op.input(i).is_constant}
    given = sum(op.input(i).nbytes for i in as_they_are)
    cost = kernel.cost(op, target)
    assert cost >= 0, f"{kernel.name}: cost {cost}"
    return Candidate(kernel, lowering, cost, own + given)


def _inputs_named(argument: Argument | Mapping[str, Argument]) -> Iterator[int]:
    """Inputs that parameters refer to."""
    match argument:
        case In(position) | InRows(position):
            yield position
        case Mapping():
            for item in argument.values():
                yield from _inputs_named(item)
        case list() | tuple():
            for item in argument:
                yield from _inputs_named(item)


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
