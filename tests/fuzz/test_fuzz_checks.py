# SPDX-License-Identifier: Apache-2.0
"""Well-formed graphs that make little sense: the rules of operators report them and never fail.

A mutated file seldom gets this far, so tensors, operands and options of parsed graphs change here:
ranks, extents, element types, quantisation, wrong and absent inputs, random option values.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from microlith import frontend, ops
from microlith.inspection import inspect
from microlith.ir.graph import DType, Graph, Op, Quantization, Subgraph, Tensor
from tests.fuzz.test_fuzz_frontend import MODELS

SEED = 20241
MUTATIONS = 100

DTYPES = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32, DType.BOOL)
EXTENTS = (0, 1, 1, 2, 3, 4, 5, 7, 8, 16, 1000, 2**31 - 1)
NUMBERS = (0, 0, 1, 1, 2, 3, 4, 5, 100, -1, -2, 2**31 - 1, -(2**31))

NAMES = [name for name, data in MODELS.items() if frontend.parse(data, name).main.ops]


def reshaped(rng: random.Random, tensor: Tensor) -> Tensor:
    """Another shape; the bytes of a constant and the quantised axis follow it."""
    shape = list(tensor.shape)
    match rng.randrange(4):
        case 0:
            shape = [rng.choice(EXTENTS) for _ in range(rng.randint(0, 6))]
        case 1 if shape:
            shape[rng.randrange(len(shape))] = rng.choice(EXTENTS)
        case 2 if shape:
            del shape[rng.randrange(len(shape))]
        case _:
            shape.insert(rng.randint(0, len(shape)), 1)
    if tensor.quantization is not None:
        axis = min(tensor.quantization.axis, max(0, len(shape) - 1))
        tensor = replace(tensor, quantization=replace(tensor.quantization, axis=axis))
    if tensor.data is None:
        return replace(tensor, shape=tuple(shape))
    shape = [min(extent, 16) for extent in shape]
    return replace(tensor, shape=tuple(shape), data=np.resize(tensor.data, shape))


def retyped(rng: random.Random, tensor: Tensor) -> Tensor:
    dtype = rng.choice(DTYPES)
    if tensor.data is None:
        return replace(tensor, dtype=dtype)
    with np.errstate(invalid="ignore"):
        return replace(tensor, dtype=dtype, data=tensor.data.astype(dtype.numpy))


def requantised(rng: random.Random, tensor: Tensor) -> Tensor:
    count = rng.choice((0, 1, 1, 2, 3, 16))
    if count == 0:
        return replace(tensor, quantization=None)
    scales = tuple(rng.choice((0.0, 1e-30, 0.01, 0.5, 1e30)) for _ in range(count))
    zero_points = tuple(rng.choice((-128, -1, 0, 5, 127)) for _ in range(count))
    axis = rng.randint(0, max(0, len(tensor.shape) - 1))
    return replace(tensor, quantization=Quantization(scales, zero_points, axis))


def revalued(rng: random.Random, tensor: Tensor) -> Tensor:
    """Other values of a constant, which may be a shape, axes or paddings; or none at all."""
    if tensor.data is None or rng.random() < 0.2:
        return replace(tensor, data=None)
    values = [rng.choice(NUMBERS) for _ in range(min(tensor.data.size, 64))] or [0]
    return replace(tensor, data=np.resize(np.array(values), tensor.shape).astype(tensor.data.dtype))


TENSOR_CHANGES: tuple[Callable[[random.Random, Tensor], Tensor], ...] = (
    reshaped, reshaped, retyped, requantised, revalued,
)  # fmt: skip


def changed_op(rng: random.Random, op: Op, tensors: int) -> Op:
    match rng.randrange(4):
        case 0:
            inputs = list(op.inputs)
            rng.shuffle(inputs)
            return replace(op, inputs=tuple(inputs[: rng.randint(0, len(inputs))]))
        case 1:
            inputs = [rng.randint(-1, tensors - 1) if rng.random() < 0.5 else i for i in op.inputs]
            return replace(op, inputs=tuple(inputs))
        case 2:
            count = rng.choice((0, 1, 2))
            return replace(op, outputs=tuple(rng.randrange(tensors) for _ in range(count)))
    return replace(op, attributes=random_attributes(rng, op))


def random_attributes(rng: random.Random, op: Op) -> Any:
    operator = ops.BY_NAME.get(op.kind)
    if operator is None or operator.options is None:
        return op.attributes
    values: dict[str, Any] = {}
    for field in operator.options.fields:
        number = rng.choice(NUMBERS)
        if field.type == "[int32]":
            values[field.name] = tuple(rng.choice(NUMBERS) for _ in range(rng.randint(0, 5)))
        elif field.type == "float":
            values[field.name] = rng.choice((0.0, 1.0, -1.0, float("nan"), float("inf")))
        elif field.type == "bool":
            values[field.name] = bool(number)
        else:
            values[field.name] = max(-128, min(number, 127)) if "8" in field.type else number
    return operator.attributes(values)


def changed_graph(rng: random.Random, graph: Graph) -> Graph:
    """The graph with one to four changes, half of them near one op."""
    main = graph.main
    tensors, operators = list(main.tensors), list(main.ops)
    position = rng.randrange(len(operators))
    for _ in range(rng.randint(1, 4)):
        op = operators[position]
        near = [i for i in (*op.inputs, *op.outputs) if i >= 0]
        if rng.random() < 0.7 and near:
            index = rng.choice(near)
            tensors[index] = rng.choice(TENSOR_CHANGES)(rng, tensors[index])
        else:
            operators[position] = changed_op(rng, op, len(tensors))
    changed = Subgraph(main.name, tuple(tensors), tuple(operators), main.inputs, main.outputs)
    return graph.with_main(changed)


@pytest.mark.parametrize("name", NAMES)
def test_rules_hold_on_any_graph(name: str) -> None:
    graph = frontend.parse(MODELS[name], name)
    rng = random.Random(f"{SEED} {name}")
    for number in range(MUTATIONS):
        changed = changed_graph(rng, graph)
        try:
            frontend.check(changed)
            inspect(changed).to_json()
        except Exception as error:
            raise AssertionError(f"change {number} of {name} makes a rule fail") from error
