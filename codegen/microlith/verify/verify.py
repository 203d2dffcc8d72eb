# SPDX-License-Identifier: Apache-2.0
"""Verification: every result of a program against the reference, on random and extreme inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from microlith import ops
from microlith.errors import OptionError
from microlith.ir.graph import Array, Channels, Graph, Op, Tensor
from microlith.ir.program import Program
from microlith.ops.base import FLOAT_TOLERANCE
from microlith.verify.compare import Comparison, absolute_difference, compare
from microlith.verify.inputs import (
    Samples,
    check_inputs,
    concatenate,
    extreme_inputs,
    random_inputs,
)
from microlith.verify.oracle import OracleResult, Tensors, reference


class Simulation(Protocol):
    """What a run of the generated code tells: see simulate.run.SimulationResult."""

    @property
    def outputs(self) -> Mapping[str, Array]:
        """Outputs by port key, [samples, *shape]."""

    @property
    def trace(self) -> Mapping[tuple[int, int], Array] | None:
        """Bytes of op outputs by (op index, output position): uint8[samples, nbytes]; None when
        they were not recorded, and then only the model's outputs are compared."""


@dataclass(frozen=True)
class Mismatch:
    """The first element out of tolerance. `op` is None when no op makes the tensor (an input that
    is an output, too); `index` is [sample, ...]."""

    op: Op | None
    tensor: str
    index: tuple[int, ...]
    expected: float
    got: float

    def to_json(self) -> dict[str, Any]:
        return {
            "op": None if self.op is None else self.op.index,
            "type": None if self.op is None else self.op.kind,
            "tensor": self.tensor,
            "index": list(self.index),
            "expected": _number(self.expected),
            "got": _number(self.got),
        }


@dataclass(frozen=True)
class Verification:
    """Outcome of `verify`.

    `max_abs_diff` is over the model's outputs, in their units (quantisation steps for integers);
    `litert_default` is the same distance between LiteRT's default kernels and the reference, or
    None when LiteRT's default kernels do not run the model. `compared_ops` of `ops` had their
    result compared; the others have none of their own (views, and what a pass removed).
    `inexact_ops` are those, by index in the file, with a byte that differs from the reference's.
    """

    target: str
    passed: bool
    bit_exact: bool
    oracle: str
    samples: int
    compared_ops: int
    ops: int
    max_abs_diff: float
    mismatched_samples: int
    first_mismatch: Mismatch | None
    litert_default: float | None
    inexact_ops: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that `microlith verify --json` prints."""
        default = self.litert_default
        mismatch = self.first_mismatch
        return {
            "target": self.target,
            "passed": self.passed,
            "bit_exact": self.bit_exact,
            "oracle": self.oracle,
            "samples": self.samples,
            "compared_ops": self.compared_ops,
            "max_abs_diff": _number(self.max_abs_diff),
            "mismatched_samples": self.mismatched_samples,
            "first_mismatch": None if mismatch is None else mismatch.to_json(),
            "litert_default": {"max_abs_diff": None if default is None else _number(default)},
        }


@dataclass(frozen=True, eq=False)
class _Result:
    """A tensor that the program computed, and the op of the file that makes it."""

    op: Op | None
    tensor: int
    values: Array


def verify(
    program: Program,
    graph: Graph,
    model: bytes,
    run: Callable[[Samples], Simulation],
    *,
    samples: int,
    seed: int,
    inputs: Samples | None = None,
) -> Verification:
    """Runs `program` and compares every op's result, in the file's order, then the outputs.

    `graph` is the file as it was read, before any pass, and `model` its bytes. The samples are
    `inputs`, or `samples` random ones followed by the extreme ones of `extreme_inputs`. Raises
    InputError for inputs that do not fit the model, and ToolError when no reference runs it.
    """
    data = _samples(program, samples, seed, inputs)
    expected = reference(
        model,
        {port.tensor: data[port.key] for port in program.inputs},
        tensors=[tensor for op in graph.main.ops for tensor in op.outputs],
        outputs=[port.tensor for port in program.outputs],
    )
    return judge(program, graph, expected, run(data))


def judge(
    program: Program, graph: Graph, expected: OracleResult, found: Simulation
) -> Verification:
    """Compares a finished run with the reference's results."""
    traced = [] if found.trace is None else list(_traced(program, graph, expected, found.trace))
    outputs = list(_outputs(program, graph, found.outputs))
    results = [result for result in traced + outputs if result.tensor in expected.tensors]
    comparisons = [_compare(result, expected.tensors) for result in results]
    wrong = np.logical_or.reduce([comparison.wrong for comparison in comparisons])
    failed = [pair for pair in zip(results, comparisons, strict=True) if not pair[1].passed]
    return Verification(
        target=program.target,
        passed=not failed,
        bit_exact=all(comparison.same_bytes for comparison in comparisons),
        oracle=expected.name,
        samples=len(wrong),
        compared_ops=len({result.op.index for result in results if result.op is not None}),
        ops=len(graph.main.ops),
        max_abs_diff=max(comparison.max_abs_diff for comparison in comparisons[-len(outputs) :]),
        mismatched_samples=int(wrong.sum()),
        first_mismatch=_mismatch(graph, expected.tensors, *failed[0]) if failed else None,
        litert_default=_default_distance(expected, [result.tensor for result in outputs]),
        inexact_ops=_inexact_ops(results, comparisons),
    )


def _inexact_ops(results: Sequence[_Result], comparisons: Sequence[Comparison]) -> tuple[int, ...]:
    pairs = zip(results, comparisons, strict=True)
    found = {r.op.index for r, pair in pairs if r.op is not None and not pair.same_bytes}
    return tuple(sorted(found))


def render(verification: Verification) -> str:
    """The summary that `microlith verify` prints."""
    v = verification
    lines = [
        f"{'PASSED' if v.passed else 'FAILED'} on {v.target}: {_verdict(v)}",
        f"  reference        {v.oracle}",
        f"  compared         {v.compared_ops} of {v.ops} ops and all outputs, {v.samples} samples",
        f"  outputs          off by at most {_text(v.max_abs_diff)}",
    ]
    if v.first_mismatch is not None:
        lines += _mismatch_lines(v.first_mismatch)
        lines.append(f"  wrong samples    {v.mismatched_samples} of {v.samples}")
    return "\n".join([*lines, f"  LiteRT default   {_default_line(v.litert_default)}"])


def _samples(program: Program, samples: int, seed: int, inputs: Samples | None) -> Samples:
    if inputs is not None:
        return check_inputs(program.inputs, inputs, "inputs")
    if samples < 0:
        raise OptionError(
            f"{samples} samples were asked for", where="samples", fix="give 0 or more"
        )
    chosen = random_inputs(program.inputs, samples, seed)
    return concatenate(chosen, extreme_inputs(program.inputs))


def _traced(
    program: Program,
    graph: Graph,
    expected: OracleResult,
    trace: Mapping[tuple[int, int], Array],
) -> Iterator[_Result]:
    tensors = graph.main.tensors
    for op in sorted(graph.main.ops, key=lambda op: op.index):
        for position, tensor in enumerate(op.outputs):
            stored = trace.get((op.index, position))
            channels = program.channels.get(tensor)
            if channels is None:
                if stored is not None:
                    yield _Result(op, tensor, _typed(tensors[tensor], stored))
            elif tensor in expected.tensors and (stored is not None or not channels.kept):
                values = _completed(expected.tensors[tensor], channels, stored)
                yield _Result(op, tensor, values)


def _typed(tensor: Tensor, stored: Array) -> Array:
    """The elements of `tensor` from their bytes, uint8[samples, nbytes]."""
    flat: Array = np.ascontiguousarray(stored).view(tensor.dtype.numpy)
    return flat.reshape(len(stored), *tensor.shape)


def _completed(expected: Array, channels: Channels, stored: Array | None) -> Array:
    """All elements of a tensor that lost channels: those kept as they were `stored`, the constants
    that a pass took instead of others, and, for channels that nobody reads, the expected ones."""
    values = expected.copy()
    if stored is not None:
        kept = np.ascontiguousarray(stored).view(expected.dtype)
        values[..., list(channels.kept)] = kept.reshape(*expected.shape[:-1], len(channels.kept))
    for channel, value in channels.constants:
        values[..., channel] = value
    return values


def _outputs(program: Program, graph: Graph, outputs: Samples) -> Iterator[_Result]:
    producers = {tensor: op for op in graph.main.ops for tensor in op.outputs}
    for port in program.outputs:
        yield _Result(producers.get(port.tensor), port.tensor, outputs[port.key])


def _compare(result: _Result, expected: Tensors) -> Comparison:
    operator = ops.BY_NAME.get(result.op.kind) if result.op else None
    tolerance = operator.tolerance if operator else FLOAT_TOLERANCE
    return compare(expected[result.tensor], result.values, tolerance)


def _mismatch(graph: Graph, expected: Tensors, result: _Result, comparison: Comparison) -> Mismatch:
    assert comparison.first is not None
    return Mismatch(
        op=result.op,
        tensor=graph.main.tensors[result.tensor].name,
        index=comparison.first,
        expected=expected[result.tensor][comparison.first].item(),
        got=result.values[comparison.first].item(),
    )


def _default_distance(expected: OracleResult, outputs: Sequence[int]) -> float | None:
    default = expected.litert_default
    if default is None or any(tensor not in default for tensor in outputs):
        return None
    return max(
        float(absolute_difference(expected.tensors[tensor], default[tensor]).max(initial=0.0))
        for tensor in outputs
    )


def _number(value: float) -> float | str:
    """JSON has no NaN and no infinity: these become strings."""
    return value if math.isfinite(value) else str(value)


def _verdict(v: Verification) -> str:
    if v.bit_exact:
        return "every byte equals the reference"
    return "within the float tolerance" if v.passed else "differs from the reference"


def _mismatch_lines(mismatch: Mismatch) -> list[str]:
    sample, *index = mismatch.index
    op = "no op: an input passed through" if mismatch.op is None else mismatch.op.label
    return [
        f"  first wrong      {op}, tensor {mismatch.tensor!r}, sample {sample}, index {index}",
        f"                   expected {_text(mismatch.expected)}, got {_text(mismatch.got)}",
    ]


def _default_line(distance: float | None) -> str:
    if distance is None:
        return "does not run this model"
    return f"its optimised kernels are off by at most {_text(distance)} from the reference"


def _text(value: float) -> str:
    return f"{value:.9g}"
