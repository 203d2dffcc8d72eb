# SPDX-License-Identifier: Apache-2.0
"""Which kernel runs each op, of all that can: within the allowances for constants and scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from microlith.errors import Problem, UnsupportedModelError
from microlith.ir.graph import Graph, OpView
from microlith.lower.allot import Choice, allot, as_fixed
from microlith.lower.bind import row_layout
from microlith.lower.constants import ROW_TABLE_ENTRY
from microlith.lower.options import (
    ALLOWANCE,
    LEAST_SCRATCH,
    SCRATCH,
    SLOWER,
    CompileOptions,
)
from microlith.lower.select import Candidate, Candidates, candidates
from microlith.lower.selected import Selected
from microlith.targets.target import Target

MOST_ROWS = 0xFFFF
"""Largest row number of an execution plan: mr_step holds 16 bits."""


def choose(graph: Graph, target: Target, options: CompileOptions) -> list[Selected]:
    """Raises UnsupportedModelError when some op has no legal kernel."""
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
    bytes_allowed, most = allowance(graph, options), _most_scratch(graph, options)
    fast = allot(possible, bytes_allowed)
    slower = SLOWER[options.optimize]
    lean = [
        _with_little_scratch(op, choice.candidate, most, slower)
        for op, choice in zip(possible, fast, strict=True)
    ]
    return allot(lean, bytes_allowed)


def _with_little_scratch(op: Candidates, fast: Candidate, most: int, slower: float) -> Candidates:
    """The kernels with at most `most` bytes of scratch, or as few as any that is at most `slower`
    times as slow as the fast one and takes no more constants."""
    near = [
        candidate.lowering.scratch
        for candidate in op.legal
        if candidate.cost <= slower * fast.cost and candidate.constant_bytes <= fast.constant_bytes
    ]
    limit = max(most, min(near))
    return replace(op, legal=tuple(c for c in op.legal if c.lowering.scratch <= limit))


def _most_scratch(graph: Graph, options: CompileOptions) -> int:
    """Bytes of scratch that a kernel may take: a part of the largest inputs and outputs of an op,
    so that speed is not bought with RAM where there is little."""
    largest = max((op_bytes(op) for op in graph.main.views), default=0)
    return max(LEAST_SCRATCH, int(SCRATCH[options.optimize] * largest))


def op_bytes(op: OpView) -> int:
    """Bytes of an op's inputs and outputs that are not constant."""
    return sum(t.nbytes for t in (*op.inputs, *op.outputs) if not t.is_constant)


def allowance(graph: Graph, options: CompileOptions) -> int:
    """Bytes that constants of kernels may take: those that the user names, or a multiple of those
    of the file, of which `graph` may have lost some; less what tables of rows may take."""
    given = constant_bytes(graph) if options.file_bytes is None else options.file_bytes
    total = int(ALLOWANCE[options.optimize] * given)
    if options.max_flash is not None:
        total = options.max_flash
    rows = (row_layout(tensor)[0] for op in graph.main.views for tensor in op.outputs)
    return total - ROW_TABLE_ENTRY * sum(rows)


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
