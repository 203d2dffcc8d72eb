# SPDX-License-Identifier: Apache-2.0
"""Every reason why a model cannot be compiled, for whatever target."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from microlith import ops
from microlith.errors import Problem
from microlith.frontend.dataflow import used_tensors
from microlith.frontend.labels import op_label, subgraph_label, tensor_label
from microlith.frontend.tensors import FIXED_SHAPES
from microlith.ir.graph import DType, Graph, OpView, Subgraph, Tensor
from microlith.ops import base

MAX_BYTES = (1 << 31) - 1
"""Bytes of one tensor, and of the tensors of one op together: offsets have 31 bits."""

COMPUTABLE = frozenset(
    {
        DType.BOOL, DType.INT8, DType.UINT8, DType.INT16, DType.UINT16, DType.INT32,
        DType.UINT32, DType.INT64, DType.UINT64, DType.FLOAT32,
    }
)  # fmt: skip
"""Element types that a tensor of the arena may have; operators take fewer of them."""

_RANGES = {
    DType.INT8: (-128, 127),
    DType.UINT8: (0, 255),
    DType.INT16: (-(1 << 15), (1 << 15) - 1),
    DType.UINT16: (0, (1 << 16) - 1),
}
_INT32_RANGE = (-(1 << 31), (1 << 31) - 1)

_QUANTISE_AGAIN = "quantise the model again"


def check(graph: Graph, *, folds: bool = True) -> tuple[Problem, ...]:
    """All problems of the model, in the order of the file; none when it can be compiled.

    What is computed from constants alone counts as constant where the compiler `folds` it.
    """
    return tuple(_problems(graph, folds))


def op_rules(op: OpView) -> tuple[base.Rule, ...]:
    """Rules that one op breaks; an operator that is not known breaks one."""
    operator = ops.BY_NAME.get(op.op.kind)
    return (_unknown(op.op.kind),) if operator is None else tuple(base.check(operator, op))


def _problems(graph: Graph, folds: bool) -> Iterator[Problem]:
    yield from graph.unsupported
    for index, subgraph in enumerate(graph.subgraphs):
        place = subgraph_label(index)
        for problem in _subgraph_problems(subgraph, folds):
            where = ", ".join(filter(None, (place, problem.where)))
            yield Problem(problem.what, where, problem.fix)
    if len(graph.subgraphs) > 1:
        yield Problem(
            f"the model has {len(graph.subgraphs)} subgraphs, and only one can be compiled",
            "the list of subgraphs",
            "convert one function without control flow (unroll loops, evaluate conditions before)",
        )


def _subgraph_problems(subgraph: Subgraph, folds: bool) -> Iterator[Problem]:
    if not subgraph.ops or not subgraph.outputs:
        missing = "operators" if subgraph.outputs else "outputs"
        yield Problem(f"the model has no {missing}", "", "convert a model that computes something")
    for index in sorted(used_tensors(subgraph)):
        tensor = subgraph.tensors[index]
        where = tensor_label(index, tensor.name)
        yield from _tensor_problems(tensor, where, _role(subgraph, index))
    for op in subgraph.ops:
        view = subgraph.view(op)
        where = op_label(op, subgraph)
        rules = (*op_rules(view), *_size_rules(view))
        for rule in rules:
            yield Problem(rule.what, where, rule.fix)
        if folds and not rules:
            subgraph = _with_results(subgraph, view)


def _with_results(subgraph: Subgraph, op: OpView) -> Subgraph:
    """`subgraph` with the results of `op` as constants, if they are; an op that makes an output of
    the subgraph is not folded."""
    results = base.constant_results(ops.BY_NAME[op.op.kind], op)
    if results is None or set(op.op.outputs) & set(subgraph.outputs):
        return subgraph
    tensors = list(subgraph.tensors)
    for index, data in zip(op.op.outputs, results, strict=True):
        tensors[index] = replace(tensors[index], data=data)
    return replace(subgraph, tensors=tuple(tensors))


def _role(subgraph: Subgraph, index: int) -> str:
    """What a tensor is that needs bytes in the arena, whatever the ops do; else nothing."""
    if index in subgraph.inputs:
        return "an input"
    if index in subgraph.outputs:
        return "an output"
    return "a variable" if subgraph.tensors[index].is_variable else ""


def _tensor_problems(tensor: Tensor, where: str, role: str) -> Iterator[Problem]:
    if tensor.is_constant:
        if role:
            yield Problem(
                f"is {role} and has constant data", where, "convert the model again without it"
            )
    elif tensor.dtype not in COMPUTABLE:
        yield Problem(
            f"element type {tensor.dtype.value} is not supported",
            where,
            "convert the model to float32, or quantise it to int8",
        )
    elif tensor.elements == 0:
        yield Problem(f"{tensor.describe()} has no elements", where, FIXED_SHAPES)
    elif tensor.nbytes > MAX_BYTES:
        yield Problem(
            f"{tensor.describe()} takes {tensor.nbytes} bytes, more than {MAX_BYTES}",
            where,
            "use a smaller model",
        )
    yield from _quantisation_problems(tensor, where)


def _quantisation_problems(tensor: Tensor, where: str) -> Iterator[Problem]:
    quantization = tensor.quantization
    if quantization is None:
        return
    for scale in quantization.scales:
        if not (math.isfinite(scale) and scale >= 0):
            yield Problem(f"scale {scale} is not a positive number", where, _QUANTISE_AGAIN)
            break
    low, high = _RANGES.get(tensor.dtype, _INT32_RANGE)
    for zero_point in quantization.zero_points:
        if not low <= zero_point <= high:
            yield Problem(
                f"zero point {zero_point} is not within {low} to {high}", where, _QUANTISE_AGAIN
            )
            break
    extent = tensor.shape[quantization.axis] if tensor.shape else 1
    if quantization.per_channel and len(quantization.scales) != extent:
        yield Problem(
            f"has {len(quantization.scales)} scales for {extent} channels (axis "
            f"{quantization.axis} of {tensor.describe()})",
            where,
            _QUANTISE_AGAIN,
        )


def _size_rules(op: OpView) -> Iterator[base.Rule]:
    """Inputs and outputs of an op are in memory at the same time."""
    together = {id(t): t.nbytes for t in (*op.inputs, *op.outputs) if not t.is_constant}
    if len(together) > 1 and max(together.values()) <= MAX_BYTES < sum(together.values()):
        yield base.Rule(
            f"its inputs and outputs take {sum(together.values())} bytes together, more than "
            f"{MAX_BYTES}",
            "use a smaller model",
        )


def _unknown(kind: str) -> base.Rule:
    name = kind.removeprefix("CUSTOM:")
    if name == kind:
        return base.Rule(
            "the operator is not supported",
            "replace it in the model by supported operators (docs/OPERATORS.md lists them)",
        )
    if name.startswith("Flex"):
        return base.Rule(
            f"{name.removeprefix('Flex')} is a TensorFlow operator, which the converter kept",
            "convert the model with TFLITE_BUILTINS operators only, without SELECT_TF_OPS",
        )
    return base.Rule(
        f"custom operator {name!r} is not supported",
        "compute it outside the model, or replace it by builtin operators",
    )
