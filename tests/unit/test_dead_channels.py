# SPDX-License-Identifier: Apache-2.0
"""Constant and unread channels: what is dropped, and that no byte changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microlith import passes
from microlith.emit.tflite import rewritten
from microlith.frontend import parse
from microlith.ir.graph import DType, Graph
from microlith.passes.range_rules import RULES
from microlith.passes.ranges import channel_ranges
from tests.tflite_builder import ModelBuilder
from tests.unit.random_models import RandomModel

KINDS = (
    *("conv", "conv", "depthwise", "depthwise", "relu", "quantize", "add", "mul_constant"),
    *("concat", "pool", "pad"),
)

Array = np.ndarray[Any, Any]


def reference(model: bytes, samples: Array, *, all_tensors: bool) -> Mapping[int, Array]:
    """Results of LiteRT's reference kernels for outputs, or every tensor: [samples, *shape]."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=all_tensors,
    )
    interpreter.allocate_tensors()
    wanted = interpreter.get_tensor_details() if all_tensors else interpreter.get_output_details()
    found: dict[int, list[Array]] = {detail["index"]: [] for detail in wanted}
    for sample in samples:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], sample)
        interpreter.invoke()
        for index, results in found.items():
            results.append(interpreter.get_tensor(index).copy())
    return {index: np.stack(results) for index, results in found.items()}


def inputs_of(graph: Graph, count: int) -> Array:
    """Random samples, extreme ones, and noise between the extremes: [samples, *shape]."""
    rng = np.random.default_rng(1)
    shape = graph.main.tensors[graph.main.inputs[0]].shape
    random = rng.integers(-128, 128, (count, *shape))
    ends = rng.choice([-128, 127], (count, *shape))
    extremes = [np.full(shape, value) for value in (-128, 127, 0)]
    return np.concatenate([random, ends, extremes]).astype(np.int8)


def optimised(model: bytes) -> tuple[Graph, Graph]:
    """The graph before and after the passes for files."""
    before = parse(model, "model")
    return before, passes.apply(before, chosen=passes.FOR_FILES)


@settings(max_examples=150, deadline=None)
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=8), seed=st.integers(0, 2**32))
def test_no_byte_changes(kinds: list[str], seed: int) -> None:
    """Outputs stay; what is dropped as constant is that constant; no element leaves its range."""
    model = RandomModel(seed).build(kinds)
    before, after = optimised(model)
    samples = inputs_of(before, 4)
    expected = reference(model, samples, all_tensors=True)
    for index, ranges in channel_ranges(before.main, RULES).items():
        if index in expected and before.main.tensors[index].data is None:
            assert (expected[index] >= ranges.low).all(), before.main.tensors[index].name
            assert (expected[index] <= ranges.high).all(), before.main.tensors[index].name
    for index, tensor in enumerate(after.main.tensors):
        for channel, value in tensor.channels.constants if tensor.channels else ():
            assert (expected[index][..., channel] == value).all(), tensor.name
    file = rewritten(model, before, after)
    (found,) = reference(file, samples, all_tensors=False).values()
    np.testing.assert_array_equal(found, expected[before.main.outputs[0]])


def test_a_second_run_finds_nothing() -> None:
    for seed in range(20):
        _, once = optimised(RandomModel(seed).build(["conv", "depthwise", "conv", "add", "conv"]))
        twice = passes.apply(once, chosen=passes.FOR_FILES)
        shapes = [[t.shape for t in graph.main.tensors] for graph in (once, twice)]
        assert shapes[0] == shapes[1]


class Padded:
    """A pointwise layer whose channel 1 is constant, a padded depthwise one, a pointwise one."""

    def __init__(self, constant: int, taps: int, bias: int, activation: str = "NONE") -> None:
        self.builder = ModelBuilder()
        x = self.builder.tensor("x", (1, 4, 4, 2), scale=0.1, zero_point=0)
        a = self.builder.tensor("a", (1, 4, 4, 2), scale=0.1, zero_point=0)
        b = self.builder.tensor("b", (1, 4, 4, 2), scale=0.1, zero_point=-128)
        y = self.builder.tensor("y", (1, 4, 4, 1), scale=1.0, zero_point=0)
        pointwise = np.array([[1, 1], [0, 0]], np.int8).reshape(2, 1, 1, 2)
        self.layer("CONV_2D", [x, a], pointwise, [0, constant], {})
        depthwise = np.ones((1, 3, 3, 2), np.int8)
        depthwise[..., 1] = taps
        fused = {"depthMultiplier": 1, "fusedActivationFunction": activation}
        self.layer("DEPTHWISE_CONV_2D", [a, b], depthwise, [0, bias], fused)
        self.layer("CONV_2D", [b, y], np.ones((1, 1, 1, 2), np.int8), [0], {})
        self.model = self.builder.build([x], [y])

    def layer(
        self, kind: str, ends: list[int], weights: Array, biases: list[int], options: dict[str, Any]
    ) -> None:
        constants = [
            self.builder.constant("w", weights, scale=1.0),
            self.builder.constant("bias", np.array(biases, np.int32), scale=0.1),
        ]
        same = {"padding": "SAME", "strideH": 1, "strideW": 1}
        self.builder.op(kind, [ends[0], *constants], ends[1:], {**same, **options}, 3)

    def channels(self, name: str) -> tuple[int, ...]:
        """The channels that are left of a tensor."""
        before, after = optimised(self.model)
        (tensor,) = (t for t in after.main.tensors if t.name == name)
        samples = inputs_of(before, 4)
        expected = reference(self.model, samples, all_tensors=False)
        found = reference(rewritten(self.model, before, after), samples, all_tensors=False)
        np.testing.assert_array_equal(
            *(next(iter(results.values())) for results in (expected, found))
        )
        return tensor.channels.kept if tensor.channels else tuple(range(tensor.shape[-1]))


def test_zero_points_are_folded_through_padding() -> None:
    model = Padded(constant=0, taps=3, bias=7)
    assert model.channels("a") == model.channels("b") == (0,)


def test_borders_that_differ_keep_the_channel() -> None:
    model = Padded(constant=5, taps=1, bias=0)
    assert model.channels("a") == model.channels("b") == (0, 1)


def test_borders_that_the_clamp_makes_equal_do_not() -> None:
    """9, 6 and 4 taps of 5 * 100 lie beyond the end of int8 alike."""
    model = Padded(constant=5, taps=100, bias=0)
    assert model.channels("a") == model.channels("b") == (0,)
    assert Padded(constant=5, taps=-100, bias=0, activation="RELU").channels("b") == (0,)


def test_a_border_whose_result_differs_keeps_it_although_most_are_equal() -> None:
    """9 and 6 taps of 5 * 9 saturate, 4 do not."""
    assert Padded(constant=5, taps=9, bias=0).channels("b") == (0, 1)


def test_an_unread_channel_goes_with_all_that_computes_it() -> None:
    model = RandomModel(0)
    model.builder = ModelBuilder()
    x = model.builder.tensor("x", (1, 3), scale=0.1)
    a = model.builder.tensor("a", (1, 3), scale=0.1)
    y = model.builder.tensor("y", (1, 2), scale=0.1)
    first = model.builder.constant("w", np.full((3, 3), 2, np.int8), scale=0.1)
    second = model.builder.constant("v", np.array([[1, 0, 2], [3, 0, 4]], np.int8), scale=0.1)
    model.builder.op("FULLY_CONNECTED", [x, first, -1], [a], {}, 4)
    model.builder.op("FULLY_CONNECTED", [a, second, -1], [y], {}, 4)
    _, after = optimised(model.builder.build([x], [y]))
    left = {t.name: t.shape for t in after.main.tensors}
    assert left == {"x": (1, 3), "a": (1, 2), "y": (1, 2), "w": (2, 3), "v": (2, 2)}
    (channels,) = (t.channels for t in after.main.tensors if t.name == "a")
    assert channels is not None
    assert (channels.kept, channels.constants) == ((0, 2), ())


def test_a_bias_that_would_overflow_keeps_the_channel() -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 2), scale=0.1)
    a = builder.tensor("a", (1, 2), scale=0.1)
    y = builder.tensor("y", (1, 1), scale=0.1)
    zeros = np.array([[1, 1], [0, 0]], np.int8)
    inputs = [
        builder.constant("w", zeros, scale=1.0),
        builder.constant("b", np.array([0, 1000], np.int32), scale=0.1),
    ]
    builder.op("FULLY_CONNECTED", [x, *inputs], [a], {}, 4)
    bias = np.array([2**31 - 2], np.int32)
    inputs = [
        builder.constant("v", np.array([[1, 1]], np.int8), scale=1e-7),
        builder.constant("c", bias, scale=1e-8),
    ]
    builder.op("FULLY_CONNECTED", [a, *inputs], [y], {}, 4)
    _, after = optimised(builder.build([x], [y]))
    assert {t.name: t.shape for t in after.main.tensors}["a"] == (1, 2)


@pytest.mark.parametrize("kind", ["SOFTMAX", "LOGISTIC"])
def test_outputs_keep_all_channels(kind: str) -> None:
    builder = ModelBuilder()
    x = builder.tensor("x", (1, 4), scale=0.1)
    a = builder.tensor("a", (1, 4), scale=0.1)
    y = builder.tensor("y", (1, 4), scale=1 / 256, zero_point=-128)
    weights = builder.constant("w", np.zeros((4, 4), np.int8), scale=0.1)
    builder.op("FULLY_CONNECTED", [x, weights, -1], [a], {}, 4)
    options = {"beta": 1.0} if kind == "SOFTMAX" else None
    builder.op(kind, [a], [y], options, 2)
    _, after = optimised(builder.build([x], [y]))
    assert after.main.tensors[y].shape == (1, 4)
    assert after.main.tensors[y].dtype == DType.INT8
