# SPDX-License-Identifier: Apache-2.0
"""Small models for tests of the command line, one peculiarity each."""

from __future__ import annotations

import numpy as np

from tests.tflite_builder import ModelBuilder

NO_ACTIVATION = {"fusedActivationFunction": "NONE"}


def _int8(builder: ModelBuilder, name: str, *, constant: bool = False) -> int:
    data = np.arange(4).reshape(1, 4) if constant else None
    return builder.tensor(name, [1, 4], scale=0.5, zero_point=-3, data=data)


def relu() -> bytes:
    builder = ModelBuilder()
    x, y = _int8(builder, "x"), _int8(builder, "y")
    builder.op("RELU", [x], [y])
    return builder.build([x], [y])


def softmax() -> bytes:
    """Other kernels than `relu`."""
    builder = ModelBuilder()
    x = _int8(builder, "x")
    y = builder.tensor("y", [1, 4], scale=1 / 256, zero_point=-128)
    builder.op("SOFTMAX", [x], [y], {"beta": 1.0})
    return builder.build([x], [y])


def sum_of(inputs: list[str], outputs: list[str]) -> bytes:
    """Adds inputs of these names, one after the other; every sum is an output. The signature
    `named` calls inputs a, b, … and the last sum `sum`, a name that two entries have."""
    builder = ModelBuilder()
    tensors = [_int8(builder, name) for name in inputs]
    results = [_int8(builder, name) for name in outputs]
    partial = tensors[0]
    for tensor, result in zip(tensors[1:], results, strict=True):
        builder.op("ADD", [partial, tensor], [result], NO_ACTIVATION)
        partial = result
    named = {chr(ord("a") + i): tensor for i, tensor in enumerate(tensors)}
    signature = (named, {"sum": results[-1], "out/first:0": results[0]})
    return builder.build(tensors, results, {"named": signature})


def constant_output() -> bytes:
    builder = ModelBuilder()
    x, y, k = _int8(builder, "x"), _int8(builder, "y"), _int8(builder, "k", constant=True)
    builder.op("RELU", [x], [y])
    return builder.build([x], [y, k])


def nothing_to_compute() -> bytes:
    """The only op is dead, the output is the input."""
    builder = ModelBuilder()
    x, y = _int8(builder, "x"), _int8(builder, "y")
    builder.op("RELU", [x], [y])
    return builder.build([x], [x])


def no_inputs() -> bytes:
    builder = ModelBuilder()
    k, y = _int8(builder, "k", constant=True), _int8(builder, "y")
    builder.op("RELU", [k], [y])
    return builder.build([], [y])


def huge() -> bytes:
    """Legal, but a sample takes two gigabytes."""
    builder = ModelBuilder()
    x, y = (builder.tensor(name, [1, (1 << 30) - 1], scale=0.5) for name in ("x", "y"))
    builder.op("RELU", [x], [y])
    return builder.build([x], [y])
