# SPDX-License-Identifier: Apache-2.0
"""Whether a subgraph can be executed in the order of the file: every tensor that is read has a
value by then, and has it from one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from microlith.errors import ModelError
from microlith.frontend.flatbuffer import DAMAGED
from microlith.frontend.labels import op_label, tensor_label
from microlith.ir.graph import Op, Subgraph, Tensor

ABSENT = -1
"""Stands for an optional input that is not given."""


def checked(subgraph: Subgraph) -> Subgraph:
    """The subgraph, with constants of no elements filled in. Raises ModelError for an index
    without a tensor, a tensor that is read before it is written, or is written twice."""
    count = len(subgraph.tensors)
    _in_range(subgraph.inputs, 0, count, "the list of inputs")
    _in_range(subgraph.outputs, 0, count, "the list of outputs")
    for op in subgraph.ops:
        _in_range(op.inputs, ABSENT, count, f"{op.label}, inputs")
        _in_range(op.outputs, 0, count, f"{op.label}, outputs")
    filled = _with_empty_constants(subgraph)
    _check_order(filled)
    return filled


def _in_range(indices: Sequence[int], least: int, count: int, where: str) -> None:
    for index in indices:
        if not least <= index < count:
            raise ModelError(
                f"tensor {index} is missing (the file has {count})", where=where, fix=DAMAGED
            )


def _with_empty_constants(subgraph: Subgraph) -> Subgraph:
    """A constant of no elements, such as the shape of a scalar, has no buffer in most files."""
    read = {tensor for op in subgraph.ops for tensor in op.inputs}
    written = {*subgraph.inputs, *(tensor for op in subgraph.ops for tensor in op.outputs)}

    def fill(index: int, tensor: Tensor) -> Tensor:
        given = tensor.is_constant or tensor.is_variable or index in written
        if given or index not in read or tensor.elements or not tensor.dtype.has_numpy:
            return tensor
        return replace(tensor, data=np.empty(tensor.shape, tensor.dtype.numpy))

    tensors = tuple(fill(i, tensor) for i, tensor in enumerate(subgraph.tensors))
    return replace(subgraph, tensors=tensors)


def _check_order(subgraph: Subgraph) -> None:
    repeated = next((i for i, count in Counter(subgraph.inputs).items() if count > 1), None)
    if repeated is not None:
        raise ModelError(
            f"{_label(subgraph, repeated)} is listed twice", where="the list of inputs", fix=DAMAGED
        )
    constants = {i for i, tensor in enumerate(subgraph.tensors) if tensor.is_constant}
    variables = {i for i, tensor in enumerate(subgraph.tensors) if tensor.is_variable}
    fixed = constants | set(subgraph.inputs)
    known = fixed | variables
    written: set[int] = set()
    for op in subgraph.ops:
        _check_reads(subgraph, op, known)
        for output in op.outputs:
            if output in fixed or output in written:
                already = "written by two ops" if output in written else "an input or a constant"
                raise ModelError(
                    f"{_label(subgraph, output)} is its output, but is {already}",
                    where=op.label,
                    fix=DAMAGED,
                )
            written.add(output)
            known.add(output)
    for output in subgraph.outputs:
        if output not in known:
            raise ModelError(
                f"{_label(subgraph, output)} is computed by no op",
                where="the list of outputs",
                fix=DAMAGED,
            )


def _check_reads(subgraph: Subgraph, op: Op, known: set[int]) -> None:
    for position, tensor in enumerate(op.inputs):
        if tensor != ABSENT and tensor not in known:
            raise ModelError(
                f"input {position}, {_label(subgraph, tensor)}, has no value: it has no buffer "
                "with data, and no op before this one computes it",
                where=op_label(op, subgraph),
                fix=DAMAGED,
            )


def used_tensors(subgraph: Subgraph) -> set[int]:
    """Tensors that take part in the computation; files also list others."""
    ports = {*subgraph.inputs, *subgraph.outputs}
    return ports | {i for op in subgraph.ops for i in (*op.inputs, *op.outputs) if i != ABSENT}


def _label(subgraph: Subgraph, index: int) -> str:
    return tensor_label(index, subgraph.tensors[index].name)
