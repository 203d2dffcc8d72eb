# SPDX-License-Identifier: Apache-2.0
"""Passes: the graph before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from microlith import passes
from microlith.errors import OptionError
from microlith.frontend import parse
from microlith.ir.graph import Graph, Op, Tensor
from tests.tflite_builder import ModelBuilder


class Model:
    """A small model; every tensor is int8[1,4] unless it says otherwise."""

    def __init__(self) -> None:
        self.builder = ModelBuilder()

    def tensor(self, name: str, *shape: int, **options: Any) -> int:
        options.setdefault("scale", 0.5)
        return self.builder.tensor(name, shape or (1, 4), **options)

    def constant(self, name: str, data: Any, dtype: str = "int32", **options: Any) -> int:
        return self.builder.constant(name, np.asarray(data, dtype), **options)

    def reshape(self, source: int, result: int, *shape: int) -> None:
        self.builder.op("RESHAPE", [source], [result], {"newShape": list(shape)})

    def relu(self, source: int, result: int) -> None:
        self.builder.op("RELU", [source], [result])

    def graph(self, inputs: Sequence[int], outputs: Sequence[int], **options: Any) -> Graph:
        return parse(self.builder.build(inputs, outputs, **options), "model")


def run(graph: Graph, name: str) -> Graph:
    (chosen,) = (entry for entry in passes.PASSES if entry.name == name)
    return chosen.run(graph)


def ops(graph: Graph) -> list[str]:
    return [op.kind for op in graph.main.ops]


def named(graph: Graph, name: str) -> Tensor:
    (tensor,) = (tensor for tensor in graph.main.tensors if tensor.name == name)
    return tensor


def views(graph: Graph) -> Mapping[str, str]:
    tensors = graph.main.tensors
    return {t.name: tensors[t.view_of].name for t in tensors if t.view_of is not None}


class TestFoldConstants:
    def test_chain_of_float16_weights(self) -> None:
        model = Model()
        half = model.constant("half", [[1.5, -65504.0], [6e-8, 0.1]], "float16")
        wide = model.tensor("wide", 2, 2, dtype="float32", scale=None)
        flat = model.tensor("flat", 4, dtype="float32", scale=None)
        x = model.tensor("x", 4, dtype="float32", scale=None)
        y = model.tensor("y", 4, dtype="float32", scale=None)
        model.builder.op("DEQUANTIZE", [half], [wide])
        model.reshape(wide, flat, 4)
        model.builder.op("ADD", [x, flat], [y], {})
        before = model.graph([x], [y])
        after = run(before, "fold_constants")
        assert ops(before) == ["DEQUANTIZE", "RESHAPE", "ADD"]
        assert ops(after) == ["ADD"]
        expected = np.array([1.5, -65504.0, 6e-8, 0.1], np.float16).astype(np.float32)
        data = named(after, "flat").data
        assert data is not None
        assert data.dtype == np.float32
        np.testing.assert_array_equal(data, expected)
        assert after.main.ops[0].index == 2
        assert named(before, "flat").data is None

    def test_dequantize_per_channel(self) -> None:
        model = Model()
        weights = model.constant(
            "w", [[1, 2], [-128, 127]], "int8", scale=[0.1, 3.0], zero_point=[0, -5], axis=1
        )
        wide = model.tensor("wide", 2, 2, dtype="float32", scale=None)
        y = model.tensor("y", 2, 2, dtype="float32", scale=None)
        model.builder.op("DEQUANTIZE", [weights], [wide], version=5)
        model.builder.op("RELU", [wide], [y])
        data = named(run(model.graph([], [y]), "fold_constants"), "wide").data
        scales = np.array([0.1, 3.0], np.float32)
        expected = scales * np.array([[1, 7], [-128, 132]], np.float32)
        np.testing.assert_array_equal(data, expected)

    def test_quantize_rounds_halves_away_from_zero_and_clamps(self) -> None:
        model = Model()
        real = model.constant("real", [0.5, -0.5, 1.5, 0.49999997, 1e9, -1e9], "float32")
        small = model.tensor("small", 6, scale=1.0, zero_point=3)
        y = model.tensor("y", 6, scale=1.0, zero_point=3)
        model.builder.op("QUANTIZE", [real], [small])
        model.relu(small, y)
        data = named(run(model.graph([], [y]), "fold_constants"), "small").data
        np.testing.assert_array_equal(data, np.array([4, 2, 5, 3, 127, -128], np.int8))

    def test_pad_and_concatenation(self) -> None:
        model = Model()
        row = model.constant("row", [[1, 2]], "int8", scale=0.5, zero_point=9)
        padded = model.tensor("padded", 1, 4, zero_point=9)
        both = model.tensor("both", 2, 4, zero_point=9)
        y = model.tensor("y", 2, 4, zero_point=9)
        model.builder.op("PAD", [row, model.constant("p", [[0, 0], [1, 1]])], [padded], version=2)
        model.builder.op("CONCATENATION", [padded, padded], [both], {"axis": 0}, 2)
        model.relu(both, y)
        after = run(model.graph([], [y]), "fold_constants")
        assert ops(after) == ["RELU"]
        np.testing.assert_array_equal(named(after, "both").data, [[9, 1, 2, 9]] * 2)

    def test_an_output_keeps_its_op(self) -> None:
        model = Model()
        flat = model.tensor("flat", 4)
        model.reshape(model.constant("c", [[1, 2, 3, 4]], "int8", scale=0.5), flat, 4)
        assert ops(run(model.graph([], [flat]), "fold_constants")) == ["RESHAPE"]

    def test_inexact_and_unknown_operators_stay(self) -> None:
        model = Model()
        constant = model.constant("c", [[1, 2, 3, 4]], "int8", scale=0.5)
        a, b, y = (model.tensor(name) for name in "aby")
        model.relu(constant, a)
        model.builder.op("COS", [constant], [b])
        model.builder.op("ADD", [a, b], [y], {}, 2)
        graph = model.graph([], [y])
        assert ops(run(graph, "fold_constants")) == ops(graph)


class TestDeadOps:
    def test_chain_that_leads_nowhere(self) -> None:
        model = Model()
        x, a, b, y = (model.tensor(name) for name in "xaby")
        model.relu(x, a)
        model.relu(a, b)
        model.relu(x, y)
        after = run(model.graph([x], [y]), "dead_ops")
        assert [op.index for op in after.main.ops] == [2]

    def test_ops_with_one_live_output_stay(self) -> None:
        model = Model()
        x, unused, y = (model.tensor(name) for name in ("x", "unused", "y"))
        model.builder.op("SPLIT", [model.constant("axis", 1), x], [unused, y], {"numSplits": 2})
        graph = model.graph([x], [y])
        assert ops(run(graph, "dead_ops")) == ["SPLIT"]

    def test_output_of_a_signature_is_live(self) -> None:
        model = Model()
        x, a, y = (model.tensor(name) for name in "xay")
        model.relu(x, a)
        model.relu(x, y)
        graph = model.graph([x], [y, a], signatures={"aside": ({"x": x}, {"a": a})})
        assert ops(run(graph, "dead_ops")) == ["RELU", "RELU"]

    def test_ops_that_update_a_variable_stay(self) -> None:
        model = Model()
        x, y, ignored = (model.tensor(name) for name in ("x", "y", "ignored"))
        state = model.tensor("state", is_variable=True)
        model.builder.op("ADD", [x, state], [ignored], {}, 2)
        model.relu(x, y)
        assert ops(run(model.graph([x], [y]), "dead_ops")) == ["ADD", "RELU"]


class TestViews:
    def test_reshape_between_ops(self) -> None:
        model = Model()
        x, a, y = (model.tensor(name) for name in "xay")
        flat, again = model.tensor("flat", 4), model.tensor("again", 2, 2)
        model.relu(x, a)
        model.reshape(a, flat, 4)
        model.reshape(flat, again, 2, 2)
        model.relu(again, y)
        before = model.graph([x], [y])
        after = run(before, "views")
        assert [op.index for op in after.main.ops] == [0, 3]
        assert views(after) == {"flat": "a", "again": "flat"}
        assert after.main.storage(flat) == after.main.storage(again) == a
        assert views(before) == {}

    def test_output_may_view_an_activation_and_an_inner_tensor_an_input(self) -> None:
        model = Model()
        x, a = model.tensor("x"), model.tensor("a", 4)
        flat, y = model.tensor("flat", 4), model.tensor("y")
        model.reshape(x, flat, 4)
        model.relu(flat, a)
        model.reshape(a, y, 1, 4)
        after = run(model.graph([x], [y]), "views")
        assert ops(after) == ["RELU"]
        assert views(after) == {"flat": "x", "y": "a"}

    def test_output_never_views_an_input_even_through_a_view(self) -> None:
        model = Model()
        x, flat, y = model.tensor("x"), model.tensor("flat", 4), model.tensor("y")
        model.reshape(x, flat, 4)
        model.reshape(flat, y, 1, 4)
        after = run(model.graph([x], [y]), "views")
        assert [op.index for op in after.main.ops] == [1]
        assert views(after) == {"flat": "x"}

    def test_two_outputs_never_share(self) -> None:
        model = Model()
        x, a = model.tensor("x"), model.tensor("a")
        flat, square = model.tensor("flat", 4), model.tensor("square", 2, 2)
        model.relu(x, a)
        model.reshape(a, flat, 4)
        model.reshape(a, square, 2, 2)
        apart = run(model.graph([x], [flat, square]), "views")
        assert ops(apart) == ["RELU", "RESHAPE"]
        assert views(apart) == {"flat": "a"}
        of_an_output = run(model.graph([x], [a, flat]), "views")
        assert views(of_an_output) == {"square": "a"}

    def test_constants_and_variables_are_copied(self) -> None:
        model = Model()
        constant = model.constant("c", [[1, 2, 3, 4]], "int8", scale=0.5)
        state = model.tensor("state", is_variable=True)
        a, b, y = model.tensor("a", 4), model.tensor("b", 4), model.tensor("y", 4)
        model.reshape(constant, a, 4)
        model.reshape(state, b, 4)
        model.builder.op("ADD", [a, b], [y], {}, 2)
        graph = model.graph([], [y])
        assert ops(run(graph, "views")) == ops(graph)


class TestApply:
    def graph(self) -> Graph:
        model = Model()
        x, a, unused = (model.tensor(name) for name in ("x", "a", "unused"))
        flat, y = model.tensor("flat", 4), model.tensor("y", 4, scale=0.25)
        model.relu(x, a)
        model.relu(x, unused)
        model.reshape(a, flat, 4)
        model.relu(flat, y)
        return model.graph([x], [y])

    def test_all_passes_are_traced_in_order(self) -> None:
        seen: list[tuple[str, tuple[Op, ...]]] = []
        after = passes.apply(self.graph(), trace=lambda name, g: seen.append((name, g.main.ops)))
        assert [name for name, _ in seen] == [entry.name for entry in passes.PASSES]
        assert seen[-1][1] == after.main.ops
        assert [op.index for op in after.main.ops] == [0, 3]

    @pytest.mark.parametrize("name", passes.names())
    def test_each_pass_can_be_switched_off(self, name: str) -> None:
        seen: list[str] = []
        passes.apply(self.graph(), [name], lambda name, _: seen.append(name))
        assert seen == [entry.name for entry in passes.PASSES if entry.name != name]

    def test_without_passes_nothing_changes(self) -> None:
        graph = self.graph()
        assert passes.apply(graph, passes.names()) is graph

    def test_unknown_name_lists_the_names(self) -> None:
        with pytest.raises(OptionError, match=r"no pass 'view'.*fold_constants, .*, views"):
            passes.validate(["views", "view"])
