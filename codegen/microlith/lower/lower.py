# SPDX-License-Identifier: Apache-2.0
"""Graph → Program: order, kernel selection, constant packing, memory, execution plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from microlith.errors import OptionError
from microlith.ir.graph import Graph, OpView, Subgraph
from microlith.ir.program import Call, ConstantRef, Program, Rows, Step
from microlith.kernels.base import Lowering
from microlith.lower.arena import Arena, plan_arena
from microlith.lower.bind import Binding, Ref
from microlith.lower.choose import choose
from microlith.lower.constants import ROW_UNIT, ConstantPool
from microlith.lower.names import tensor_label, unique
from microlith.lower.options import (
    CompileOptions,
    Plan,
)
from microlith.lower.ports import make_ports, named_ports
from microlith.lower.selected import Selected
from microlith.lower.stream import stream
from microlith.ops import BY_NAME
from microlith.targets.target import Target


def lower(graph: Graph, target: Target, options: CompileOptions) -> Program:
    """The program that computes `graph` on `target`.

    Raises UnsupportedModelError when some op has no legal kernel, OptionError for a signature that
    the model lacks.
    """
    inputs, outputs = named_ports(graph, options.signature)
    main = graph.main
    labels = _labels(main)
    selected, arena = _plan(main, choose(graph, target, options), labels, target, options)
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
