# SPDX-License-Identifier: Apache-2.0
"""Graph → Program: order, kernel selection, constant packing, memory, execution plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from microlith.errors import OptionError, Problem, UnsupportedModelError
from microlith.ir.graph import Graph, OpView, Subgraph
from microlith.ir.program import Call, ConstantRef, Program, Rows, Step
from microlith.kernels.base import Lowering
from microlith.lower.allot import Choice, allot, as_fixed
from microlith.lower.arena import Arena, plan_arena
from microlith.lower.bind import Binding, Ref
from microlith.lower.constants import ROW_UNIT, ConstantPool
from microlith.lower.names import tensor_label, unique
from microlith.lower.options import ALLOWANCE, LEAST_SCRATCH, SCRATCH, CompileOptions, Plan
from microlith.lower.ports import make_ports, named_ports
from microlith.lower.select import Candidate, Candidates, candidates
from microlith.lower.selected import Selected
from microlith.lower.stream import stream
from microlith.ops import BY_NAME
from microlith.targets.target import Target

MOST_ROWS = 0xFFFF
"""Largest row number of an execution plan: mr_step holds 16 bits."""


def lower(graph: Graph, target: Target, options: CompileOptions) -> Program:
    """The program that computes `graph` on `target`.

    Raises UnsupportedModelError when some op has no legal kernel, OptionError for a signature that
    the model lacks.
    """
    inputs, outputs = named_ports(graph, options.signature)
    main = graph.main
    labels = _labels(main)
    selected, arena = _plan(main, _select_all(graph, target, options), labels, target, options)
    pool = ConstantPool()
    calls = tuple(_call(s, i, main, arena, pool, labels) for i, s in enumerate(selected))
    _check_flash(pool, options)
    return Program(
        name=options.name,
        target=target.name,
        model_name=graph.name,
        model_sha256=graph.sha256,
        model_size=graph.file_size,
        description=graph.description,
        calls=calls,
        steps=arena.steps or tuple(_steps(calls, options.row_bands)),
        buffers=arena.buffers,
        constants=pool.constants,
        inputs=make_ports(graph, inputs, "input", arena.buffer_of),
        outputs=make_ports(graph, outputs, "output", arena.buffer_of),
        memory=arena.memory,
        keep_inputs=options.keep_inputs,
        disabled_passes=options.disabled_passes,
        kernels=options.kernels,
        cmsis_nn=options.cmsis_nn,
        channels={i: t.channels for i, t in enumerate(main.tensors) if t.channels is not None},
    )


def _plan(
    main: Subgraph,
    selected: Sequence[Selected],
    labels: Sequence[str],
    target: Target,
    options: CompileOptions,
) -> tuple[Sequence[Selected], Arena]:
    """The arena, and the ops with the kernels that it was planned for: rows may need others."""
    arena = plan_arena(
        main,
        [(s.op, s.lowering) for s in selected],
        labels,
        alignment=target.alignment,
        keep_inputs=options.keep_inputs,
    )
    if options.plan == Plan.LAYERWISE or options.row_bands is not None:
        return selected, arena
    return stream(main, selected, arena, labels, target, options)


def _check_flash(pool: ConstantPool, options: CompileOptions) -> None:
    taken = sum(constant.nbytes for constant in pool.constants)
    if options.max_flash is not None and taken > options.max_flash:
        raise OptionError(
            f"constants take at least {taken:,} bytes, more than {options.max_flash:,}",
            where="--max-flash",
            fix="allow more, or use a smaller model",
        )


def _labels(main: Subgraph) -> list[str]:
    """A label for each tensor. Converters name a layer's weights and its result alike: where they
    do, the result keeps the plain name."""
    order = sorted(range(len(main.tensors)), key=lambda i: main.tensors[i].is_constant)
    labels = unique(tensor_label(main.tensors[i].name, i) for i in order)
    return [label for _, label in sorted(zip(order, labels, strict=True))]


def _select_all(graph: Graph, target: Target, options: CompileOptions) -> list[Selected]:
    found = [candidates(op, target, options) for op in graph.main.views]
    problems = [problem for problem in found if isinstance(problem, Problem)]
    possible = [op for op in found if isinstance(op, Candidates)]
    problems += [_too_many_rows(op) for op in possible if op.legal[0].lowering.rows > MOST_ROWS]
    if problems:
        raise UnsupportedModelError(f"{graph.name}.tflite", problems)
    choices = _choices(graph, possible, options)
    return [
        Selected(op.op, choice, target, _by_rows(op, choice))
        for op, choice in zip(possible, choices, strict=True)
    ]


def _by_rows(op: Candidates, choice: Choice) -> Candidate | None:
    """The cheapest kernel with lead rows, where the chosen one has none."""
    if choice.candidate.lowering.lead_rows:
        return None
    return next((c for c in op.legal if c.lowering.lead_rows), None)


def _choices(graph: Graph, possible: Sequence[Candidates], options: CompileOptions) -> list[Choice]:
    if options.fixed is not None:
        return as_fixed(possible, options.fixed)
    lean = [_with_little_scratch(op, _most_scratch(graph, options)) for op in possible]
    return allot(lean, allowance(graph, options))


def _most_scratch(graph: Graph, options: CompileOptions) -> int:
    """Bytes of scratch that a kernel may take: a part of the largest inputs and outputs of an op,
    so that speed is not bought with RAM where there is little."""
    largest = max((op_bytes(op) for op in graph.main.views), default=0)
    return max(LEAST_SCRATCH, int(SCRATCH[options.optimize] * largest))


def op_bytes(op: OpView) -> int:
    """Bytes of an op's inputs and outputs that are not constant."""
    return sum(t.nbytes for t in (*op.inputs, *op.outputs) if not t.is_constant)


def _with_little_scratch(op: Candidates, most: int) -> Candidates:
    """The kernels with at most so many bytes of scratch, or the one with the least."""
    few = tuple(c for c in op.legal if c.lowering.scratch <= most)
    least = (min(op.legal, key=lambda c: c.lowering.scratch),)
    return replace(op, legal=few or least)


def allowance(graph: Graph, options: CompileOptions) -> int:
    """Bytes that constants may take: those that the user names, or a multiple of those of the
    file, of which `graph` may have lost some."""
    if options.max_flash is not None:
        return options.max_flash
    given = options.file_bytes
    return int(ALLOWANCE[options.optimize] * (constant_bytes(graph) if given is None else given))


def constant_bytes(graph: Graph) -> int:
    """Bytes of constants that ops read, where tensors of equal bytes share a buffer."""
    read = (tensor.data for op in graph.main.views for tensor in op.inputs)
    return sum(len(each) for each in {data.tobytes() for data in read if data is not None})


def _too_many_rows(op: Candidates) -> Problem:
    return Problem(
        f"its output has {op.legal[0].lowering.rows} rows, more than {MOST_ROWS}",
        op.op.op.label,
        "make the image lower or the batch smaller",
    )


def _call(
    selected: Selected,
    position: int,
    main: Subgraph,
    arena: Arena,
    pool: ConstantPool,
    labels: Sequence[str],
) -> Call:
    op, kernel, lowering = selected.op, selected.kernel, selected.lowering
    name = f"op{op.op.index}_{op.op.kind.lower()}"
    constants = {
        c.name: pool.add(
            f"op{op.op.index}_{c.name}", c.values, c.comment or _about(op, c.name), c.alignment
        )
        for c in lowering.constants
    }

    def place(index: int) -> Ref:
        tensor = main.tensors[main.storage(index)]
        if tensor.data is not None:
            return pool.add(labels[index], tensor.data, f"{tensor.name}, {tensor.describe()}")
        return arena.ref(index)

    def rows(index: int, count: int) -> tuple[Ref, int]:
        table = _row_table(index, main, arena, pool, labels)
        if table is not None:
            return table, 0
        return place(index), arena.capacity.get(main.storage(index), count)

    binding = Binding(op, place, rows, constants, arena.scratch_of.get(position))
    return Call(
        op=op.op.index,
        kind=op.op.kind,
        name=name,
        comment=_comment(op),
        kernel=kernel.name,
        backend=kernel.backend,
        function=kernel.function,
        source=kernel.source,
        params_type=kernel.params,
        params=binding.params(lowering.params),
        inputs=tuple(i for i in op.op.inputs if i >= 0),
        outputs=tuple(
            _rows(i, op, arena, lowering, rows(i, lowering.rows - lowering.lead_rows))
            for i in op.op.outputs
        ),
        shape=op.output().shape,
        rows=lowering.rows,
        macs=BY_NAME[op.op.kind].macs(op),
        reason=selected.choice.reason,
        exact=kernel.exact,
        library_sources=selected.library_sources,
        label=labels[op.op.outputs[0]],
    )


def _rows(
    index: int, op: OpView, arena: Arena, lowering: Lowering, places: tuple[Ref, int]
) -> Rows:
    count = lowering.rows - lowering.lead_rows
    base, capacity = places
    return Rows(
        buffer=arena.buffer_of[index],
        tensor=index,
        count=count,
        pitch=op.tensors[index].nbytes // count,
        capacity=capacity,
        lead=lowering.lead_rows,
        table=base.name if isinstance(base, ConstantRef) else "",
    )


def _row_table(
    index: int, main: Subgraph, arena: Arena, pool: ConstantPool, labels: Sequence[str]
) -> ConstantRef | None:
    """The offsets of a tensor's rows, where they follow no rule."""
    offsets = arena.listed.get(main.storage(index))
    if offsets is None:
        return None
    name = labels[main.storage(index)]
    units = np.array(offsets, np.uint32) // ROW_UNIT
    return pool.add(f"{name}_rows", units.astype(np.uint16), f"{name}: where rows are, in words")


def _about(op: OpView, constant: str) -> str:
    return f"{op.op.label}: {constant.replace('_', ' ')}"


def _comment(op: OpView) -> str:
    """`conv2d: int8[1,49,10,1] -> int8[1,25,5,64]`."""
    inputs = ", ".join(t.describe() for t in op.inputs if not t.is_constant)
    outputs = ", ".join(t.describe() for t in op.outputs)
    return f"{op.op.kind} {inputs} -> {outputs}"


def _steps(calls: Sequence[Call], row_bands: int | None) -> list[Step]:
    """The layer-wise plan: every call once, or in bands of `row_bands` rows."""
    return [
        Step(index, first, min(band, call.rows - first))
        for index, call in enumerate(calls)
        for band in [row_bands or max(call.rows, 1)]
        for first in range(0, call.rows, band)
    ]
