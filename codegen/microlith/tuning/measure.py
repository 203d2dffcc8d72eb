# SPDX-License-Identifier: Apache-2.0
"""`tune`: counts what each kernel that can run an op takes, and chooses by it.

An image is the whole model with one candidate for every op, so as many images are built and run as
the op with the most candidates has; counts are kept by what they depend on, so that ops that are
alike, in this model or another, are measured once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from microlith import cycles, resources, targets
from microlith.benchmark import profile
from microlith.compiler import Prepared, lower_prepared
from microlith.emit.runtime import with_headers
from microlith.errors import Problem, UnsupportedModelError
from microlith.ir.graph import OpView
from microlith.lower.allot import Choice, allot
from microlith.lower.choose import allowance
from microlith.lower.options import Fixed
from microlith.lower.select import Candidate, Candidates, candidates
from microlith.simulate import build, toolchain
from microlith.targets.target import Target
from microlith.tuning.record import Measured, TunedOp, Tuning, compiler, runtime_digest, sources_of

_SUFFIX = ".count"


@dataclass(frozen=True)
class Counts:
    """Of one op with one kernel; `cycles` are estimated, None without a cost table."""

    instructions: int
    cycles: float | None

    @property
    def weight(self) -> float:
        """What is to be small. Instructions must not be bought with cycles."""
        return self.instructions if self.cycles is None else self.cycles


Round = Mapping[int, int]
"""Which candidate an image has for each op: positions in the list of ops, and in `legal`."""


def tune(prepared: Prepared, say: Callable[[str], None]) -> Tuning:
    """Measures all candidates of every op under the emulator and chooses within the allowance.

    Progress goes to `say`. Raises ToolError where instructions cannot be counted or a tool is
    missing, UnsupportedModelError for an op that no kernel can run.
    """
    ops = _possible(prepared)
    keys = [[_key(op.op, each, prepared) for each in op.legal] for op in ops]
    _measure(prepared, ops, keys, say)
    counts = [[_require(key) for key in row] for row in keys]
    choices = allot([*map(_weighed, ops, counts)], allowance(prepared.graph, prepared.options))
    return Tuning(
        model=prepared.graph.name,
        sha256=prepared.graph.sha256,
        target=prepared.target.name,
        compiler=compiler(prepared.target),
        runtime=runtime_digest(),
        optimize=prepared.options.optimize,
        max_flash=prepared.options.max_flash,
        ops=tuple(map(_tuned, ops, counts, choices)),
    )


def _possible(prepared: Prepared) -> list[Candidates]:
    graph, target = prepared.graph, prepared.target
    found = [candidates(op, target, prepared.options) for op in graph.main.views]
    problems = [each for each in found if isinstance(each, Problem)]
    if problems:
        raise UnsupportedModelError(f"{graph.name}.tflite", problems)
    return [each for each in found if isinstance(each, Candidates)]


def _measure(
    prepared: Prepared,
    ops: Sequence[Candidates],
    keys: Sequence[Sequence[str]],
    say: Callable[[str], None],
) -> None:
    """Counts what is not known yet, in as few images as there can be, several at a time."""
    rounds = _rounds(keys)
    known = sum(len(row) for row in keys) - sum(len(each) for each in rounds)
    say(f"{sum(len(row) for row in keys)} candidates, {known} known, {len(rounds)} images")

    def run(wanted: Round) -> None:
        program = lower_prepared(_with_kernels(prepared, ops, wanted))
        for position, found in enumerate(profile(program)):
            if position in wanted:
                cycles = None if found.cycles is None else found.cycles.cycles
                _keep(keys[position][wanted[position]], Counts(found.instructions, cycles))

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(run, rounds))


def _rounds(keys: Sequence[Sequence[str]]) -> Sequence[Round]:
    """The candidates without counts, each key once, dealt to rounds."""
    taken: set[str] = set()
    rounds: list[dict[int, int]] = []
    for op, row in enumerate(keys):
        new = [i for i, key in enumerate(row) if key not in taken and _known(key) is None]
        taken.update(row)
        for number, candidate in enumerate(new):
            if number == len(rounds):
                rounds.append({})
            rounds[number][op] = candidate
    return rounds


def _with_kernels(prepared: Prepared, ops: Sequence[Candidates], wanted: Round) -> Prepared:
    """The same with the wanted candidates, and any for the other ops."""
    kernels = {
        op.op.op.index: op.legal[wanted.get(position, 0)].kernel.name
        for position, op in enumerate(ops)
    }
    fixed = Fixed(kernels, "to be measured")
    return replace(prepared, options=replace(prepared.options, fixed=fixed, max_flash=None))


def _key(op: OpView, candidate: Candidate, prepared: Prepared) -> str:
    """Digest of what a count depends on, but the values of weights and samples."""
    kernel, lowering, target = candidate.kernel, candidate.lowering, prepared.target
    tensors = [each and each.describe() for each in (*op.inputs, *op.outputs)]
    packed = [(c.name, c.values.dtype.str, c.nbytes, c.alignment) for c in lowering.constants]
    of_op = (op.op.kind, op.op.attributes, tensors, kernel.function, packed, lowering.params)
    of_build = (toolchain.for_target(target).identity, target.name, target.cflags)
    return build.digest(
        [
            repr(of_op).encode(),
            repr(of_build).encode(),
            *_sources(candidate, prepared),
            *_costs(target),
        ]
    )


def _sources(candidate: Candidate, prepared: Prepared) -> Sequence[bytes]:
    """The C code of a kernel, that of CMSIS-NN included."""
    kernel = candidate.kernel
    path = resources.path("micro_runtime", "kernels", kernel.backend, f"{kernel.source}.c")
    own = [text.encode() for text in with_headers([path]).values()]
    library = prepared.options.cmsis_nn
    theirs = (
        [] if library is None else [library / f for f in kernel.library_sources(prepared.target)]
    )
    return [*own, *sources_of(theirs)]


def _costs(target: Target) -> Sequence[bytes]:
    """The model that makes cycles of counts."""
    table = Path(targets.__file__).parent / "cycles" / f"{target.name}.toml"
    return sources_of([*Path(cycles.__file__).parent.glob("*.py"), *([table] * table.is_file())])


def _known(key: str) -> Counts | None:
    path = build.cache_directory() / f"{key}{_SUFFIX}"
    return Counts(**json.loads(path.read_text(encoding="ascii"))) if path.is_file() else None


def _require(key: str) -> Counts:
    found = _known(key)
    assert found is not None
    return found


def _keep(key: str, counts: Counts) -> None:
    text = json.dumps({"instructions": counts.instructions, "cycles": counts.cycles})

    def make(path: Path) -> None:
        path.write_text(text, encoding="ascii")

    build.cached(key, _SUFFIX, make)


def _weighed(op: Candidates, counts: Sequence[Counts]) -> Candidates:
    """The candidates with measured instead of estimated costs, the cheapest first."""
    pairs = zip(op.legal, counts, strict=True)
    legal = [replace(c, cost=n.weight, measured=n.weight) for c, n in pairs]
    return replace(op, legal=tuple(sorted(legal, key=lambda each: each.cost)))


def _tuned(op: Candidates, counts: Sequence[Counts], choice: Choice) -> TunedOp:
    return TunedOp(
        op=op.op.op.index,
        type=op.op.op.kind,
        kernel=choice.candidate.kernel.name,
        candidates=tuple(map(_measured, op.legal, counts)),
    )


def _measured(candidate: Candidate, counts: Counts) -> Measured:
    return Measured(
        kernel=candidate.kernel.name,
        bytes=candidate.constant_bytes,
        estimate=round(candidate.cost),
        instructions=counts.instructions,
        cycles_estimated=None if counts.cycles is None else round(counts.cycles),
    )
