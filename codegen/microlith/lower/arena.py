# SPDX-License-Identifier: Apache-2.0
"""From tensors and scratch to buffers with offsets: the bridge between lowering and planning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from microlith.ir.graph import OpView, Subgraph
from microlith.ir.program import Buffer, BufferRef, MemoryPlan, Step
from microlith.kernels.base import Lowering
from microlith.lower.names import unique
from microlith.memory.check import verify_plan
from microlith.memory.lifetimes import (
    Request,
    Takeover,
    in_place_merges,
    merge_lifetimes,
    storage_lifetimes,
)
from microlith.memory.plan import plan

Work = Sequence[tuple[OpView, Lowering]]


@dataclass(frozen=True, eq=False)
class Arena:
    """Buffers with their offsets; `buffer_of` gives the buffer of every tensor that is in the
    arena, `scratch_of` that of a call's scratch.

    In a plan by rows, `steps` is the order in which these are computed, and tensors that never
    exist whole are, by storage, in `capacity` (rows follow each other, and after so many the first
    place comes again) or in `listed` (the offset of each row).
    """

    buffers: tuple[Buffer, ...]
    memory: MemoryPlan
    buffer_of: Mapping[int, int]
    scratch_of: Mapping[int, int]
    steps: tuple[Step, ...] = ()
    capacity: Mapping[int, int] = field(default_factory=dict)
    listed: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def ref(self, tensor: int) -> BufferRef:
        return BufferRef(self.buffer_of[tensor])


def plan_arena(
    main: Subgraph, work: Work, labels: Sequence[str], *, alignment: int, keep_inputs: bool
) -> Arena:
    """Plans the arena for ops executed in the order of `work`, whose kernels say which scratch they
    need and what they may overwrite. `labels` names the tensors' buffers."""
    lifetimes = storage_lifetimes(main, range(len(work)), keep_inputs=keep_inputs)
    sizes = {root: main.tensors[root].nbytes for root in lifetimes}
    scratch = {step: lowering.scratch for step, (_, lowering) in enumerate(work)}
    roots = in_place_merges(_takeovers(main, work), lifetimes, sizes, scratch)
    merged = merge_lifetimes(lifetimes, roots)
    requests = [
        Request(labels[root], sizes[root], alignment, first, last, role(main, root, roots))
        for root, (first, last) in merged.items()
    ]
    owners: list[int | None] = list(merged)
    scratch_of = {}
    for step, size in scratch.items():
        if size:
            scratch_of[step] = len(requests)
            name = f"scratch_{work[step][0].op.index}"
            requests.append(Request(name, size, alignment, step, step, "scratch"))
            owners.append(None)
    names = unique(request.name for request in requests)
    requests = [replace(r, name=name) for r, name in zip(requests, names, strict=True)]
    placement = plan(requests, step_labels=[op.op.label for op, _ in work])
    buffers = tuple(
        Buffer(
            name=r.name,
            role=r.role,
            size=r.size,
            alignment=r.alignment,
            first=r.first,
            last=r.last,
            offset=offset,
            tensor=owner,
            also=tuple(labels[s] for s, root in roots.items() if root == owner != s),
        )
        for r, offset, owner in zip(requests, placement.offsets, owners, strict=True)
    )
    verify_plan(buffers)
    position = {root: number for number, root in enumerate(merged)}
    buffer_of = {
        index: position[roots[main.storage(index)]]
        for index in range(len(main.tensors))
        if main.storage(index) in roots
    }
    return Arena(buffers, placement.memory, buffer_of, scratch_of)


def _takeovers(main: Subgraph, work: Work) -> list[Takeover]:
    """What kernels offer: the first output may take over an input that the op reads only once."""
    return [
        Takeover(main.storage(op.op.inputs[i]), main.storage(op.op.outputs[0]), step)
        for step, (op, lowering) in enumerate(work)
        for i in lowering.in_place
        if [main.storage(j) for j in op.op.inputs if j >= 0].count(main.storage(op.op.inputs[i]))
        == 1
    ]


def role(main: Subgraph, root: int, roots: Mapping[int, int]) -> str:
    """The strongest role of the tensors in a buffer."""
    members = {i for i in range(len(main.tensors)) if roots.get(main.storage(i)) == root}
    if any(main.tensors[i].is_variable for i in members):
        return "variable"
    if members & set(main.inputs):
        return "input"
    return "output" if members & set(main.outputs) else "activation"
