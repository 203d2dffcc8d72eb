# SPDX-License-Identifier: Apache-2.0
"""Passes no_ops, fuse_activations and fold_pads: the ops that are left, and that no byte changes;
and what a rewritten .tflite file keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from microlith import optimize, passes
from microlith.emit.tflite import ALIGNMENT, rewritten
from microlith.frontend import parse
from tests.tflite_builder import ModelBuilder, serialise
from tests.unit.test_dead_channels import inputs_of, reference


class Model:
    """int8[1,6,6,2] unless it says otherwise; scale 0.5, zero point -3."""

    def __init__(self) -> None:
        self.builder = ModelBuilder()
        self.x = self.tensor("x")

    def tensor(self, name: str, shape: Sequence[int] = (1, 6, 6, 2), **options: Any) -> int:
        return self.builder.tensor(name, shape, **{"scale": 0.5, "zero_point": -3, **options})

    def op(self, kind: str, inputs: Sequence[int], result: int, **options: Any) -> int:
        version = 1 if kind == "RESHAPE" else 2
        self.builder.op(kind, inputs, [result], options or None, version)
        return result

    def conv(self, source: int, result: int, stride: int = 1, **options: Any) -> int:
        rng = np.random.default_rng(2)
        outputs, inputs = (self.builder.tensors[i].shape[3] for i in (result, source))
        weights = rng.integers(-127, 128, (outputs, 3, 3, inputs)).astype(np.int8)
        constant = self.builder.constant("w", weights, scale=0.01)
        bias = self.builder.constant("bias", np.arange(outputs, dtype=np.int32), scale=0.005)
        given = {"padding": "VALID", "strideH": stride, "strideW": stride, **options}
        return self.op("CONV_2D", [source, constant, bias], result, **given)

    def pad(self, source: int, result: int, before: int, after: int) -> int:
        pads = np.array([[0, 0], [before, after], [before, after], [0, 0]], np.int32)
        return self.op("PAD", [source, self.builder.constant("pads", pads)], result)

    def left(self, *outputs: int) -> list[str]:
        """The ops that are left, after a check that they compute the same bytes."""
        model = self.builder.build([self.x], outputs)
        before = parse(model, "model")
        after = passes.apply(before, chosen=passes.FOR_FILES)
        samples = inputs_of(before, 4)
        files = model, rewritten(model, before, after)
        expected, found = (reference(file, samples, all_tensors=False) for file in files)
        for one, other in zip(expected.values(), found.values(), strict=True):
            np.testing.assert_array_equal(one, other)
        fused = {op.kind: getattr(op.attributes, "activation", "none") for op in after.main.ops}
        return [f"{op.kind}+{fused[op.kind]}".removesuffix("+none") for op in after.main.ops]


class TestNoOps:
    def test_quantize_to_the_same_scale(self) -> None:
        model = Model()
        same = model.op("QUANTIZE", [model.x], model.tensor("same"))
        y = model.op("ABS", [same], model.tensor("y", scale=0.25))
        assert model.left(y) == ["ABS"]

    def test_quantize_to_another_zero_point_stays(self) -> None:
        model = Model()
        other = model.op("QUANTIZE", [model.x], model.tensor("other", zero_point=-4))
        y = model.op("ABS", [other], model.tensor("y", scale=0.25))
        assert model.left(y) == ["QUANTIZE", "ABS"]

    def test_to_a_wider_type_and_back(self) -> None:
        model = Model()
        wide = model.op("QUANTIZE", [model.x], model.tensor("wide", dtype="uint8", zero_point=125))
        back = model.op("QUANTIZE", [wide], model.tensor("back"))
        y = model.op("ABS", [back], model.tensor("y", scale=0.25))
        assert model.left(y) == ["ABS"]

    def test_real_numbers_and_back(self) -> None:
        model = Model()
        real = model.tensor("real", dtype="float32", scale=None)
        back = model.op("QUANTIZE", [model.op("DEQUANTIZE", [model.x], real)], model.tensor("b"))
        y = model.op("ABS", [back], model.tensor("y", scale=0.25))
        assert model.left(y) == ["ABS"]

    def test_a_coarser_scale_in_between_stays(self) -> None:
        model = Model()
        coarse = model.op("QUANTIZE", [model.x], model.tensor("coarse", scale=1.0))
        y = model.op("QUANTIZE", [coarse], model.tensor("y"))
        assert model.left(y) == ["QUANTIZE", "QUANTIZE"]

    def test_relu_of_what_is_not_negative(self) -> None:
        model = Model()
        a = model.op("AVERAGE_POOL_2D", [model.x], model.tensor("a"), padding="SAME",
                     filterHeight=1, filterWidth=1, strideH=1, strideW=1,
                     fusedActivationFunction="RELU")  # fmt: skip
        real = model.tensor("real", dtype="float32", scale=None)
        both = model.op("RELU", [a], model.tensor("b"))
        assert model.left(a, model.op("DEQUANTIZE", [both], real)) == [
            "AVERAGE_POOL_2D+relu",
            "DEQUANTIZE",
        ]

    def test_an_output_is_computed_in_place_of_what_it_equals(self) -> None:
        model = Model()
        a = model.op("ABS", [model.x], model.tensor("a", scale=0.25))
        y = model.op("RESHAPE", [a], model.tensor("y", scale=0.25), newShape=[1, 6, 6, 2])
        assert model.left(y) == ["ABS"]

    def test_an_output_that_is_the_input_needs_its_own_bytes(self) -> None:
        model = Model()
        y = model.op("QUANTIZE", [model.x], model.tensor("y"))
        assert model.left(y) == ["QUANTIZE"]

    def test_padding_by_nothing_and_joining_one(self) -> None:
        model = Model()
        padded = model.pad(model.x, model.tensor("padded"), 0, 0)
        joined = model.op("CONCATENATION", [padded], model.tensor("joined"), axis=3)
        y = model.op("ABS", [joined], model.tensor("y", scale=0.25))
        assert model.left(y) == ["ABS"]


class TestFuseActivations:
    @pytest.mark.parametrize(("kind", "fused"), [("RELU", "relu"), ("RELU6", "relu6")])
    def test_conv(self, kind: str, fused: str) -> None:
        model = Model()
        a = model.conv(model.x, model.tensor("a", (1, 4, 4, 3), scale=1.0))
        y = model.op(kind, [a], model.tensor("y", (1, 4, 4, 3), scale=1.0))
        assert model.left(y) == [f"CONV_2D+{fused}"]

    def test_relu6_after_relu_makes_it_relu6(self) -> None:
        model = Model()
        y = model.tensor("y")
        a = model.op("ADD", [model.x, model.x], model.tensor("a"), fusedActivationFunction="RELU")
        assert model.left(model.op("RELU6", [a], y)) == ["ADD+relu6"]

    def test_another_scale_stays(self) -> None:
        model = Model()
        a = model.op("ADD", [model.x, model.x], model.tensor("a"), fusedActivationFunction="NONE")
        assert model.left(model.op("RELU", [a], model.tensor("y", scale=0.25))) == ["ADD", "RELU"]

    def test_what_others_read_stays(self) -> None:
        model = Model()
        a = model.op("ADD", [model.x, model.x], model.tensor("a"), fusedActivationFunction="NONE")
        y = model.op("RELU", [a], model.tensor("y"))
        z = model.op("ABS", [a], model.tensor("z"))
        assert model.left(y, z) == ["ADD", "RELU", "ABS"]


class TestFoldPads:
    @pytest.mark.parametrize(("before", "after", "stride"), [(1, 1, 1), (0, 1, 2)])
    def test_padding_that_same_adds(self, before: int, after: int, stride: int) -> None:
        model = Model()
        side = 6 + before + after
        padded = model.pad(model.x, model.tensor("p", (1, side, side, 2)), before, after)
        extent = (side - 3) // stride + 1
        y = model.conv(padded, model.tensor("y", (1, extent, extent, 3), scale=4.0), stride)
        assert model.left(y) == ["CONV_2D"]

    @pytest.mark.parametrize(("before", "after", "stride"), [(1, 0, 2), (2, 2, 1), (1, 1, 2)])
    def test_padding_that_same_does_not_add(self, before: int, after: int, stride: int) -> None:
        model = Model()
        side = 6 + before + after
        padded = model.pad(model.x, model.tensor("p", (1, side, side, 2)), before, after)
        extent = (side - 3) // stride + 1
        y = model.conv(padded, model.tensor("y", (1, extent, extent, 3), scale=4.0), stride)
        assert model.left(y) == ["PAD", "CONV_2D"]

    @pytest.mark.parametrize(("activation", "left"), [("RELU", []), ("NONE", ["PAD"])])
    def test_maxima_need_elements_that_are_not_negative(
        self, activation: str, left: list[str]
    ) -> None:
        model = Model()
        a = model.tensor("a", scale=0.25)
        model.op("ADD", [model.x, model.x], a, fusedActivationFunction=activation)
        padded = model.pad(a, model.tensor("p", (1, 8, 8, 2), scale=0.25), 1, 1)
        window = {"filterHeight": 3, "filterWidth": 3, "strideH": 1, "strideW": 1}
        y = model.tensor("y", scale=0.25)
        model.op("MAX_POOL_2D", [padded], y, padding="VALID", **window)
        assert [kind.split("+")[0] for kind in model.left(y)] == ["ADD", *left, "MAX_POOL_2D"]


class TestFile:
    def model(self) -> Any:
        """A model whose tables hold what a Graph does not know."""
        model = Model()
        y = model.conv(model.x, model.tensor("y", (1, 4, 4, 3), scale=4.0))
        twin = np.random.default_rng(2).integers(-127, 128, (3, 3, 3, 2)).astype(np.int8)
        model.builder.constant("unused", np.zeros(999, np.int8), scale=1.0)
        z = model.tensor("z", (1, 4, 4, 3), scale=4.0)
        again = model.builder.constant("again", twin, scale=0.01)
        valid = {"padding": "VALID", "strideH": 1, "strideW": 1}
        model.op("CONV_2D", [model.x, again, -1], z, **valid)
        file = model.builder.build([model.x], [y, z], {"serve": ({"in": model.x}, {"out": z})}, "d")
        root = schema.ModelT.InitFromPackedBuf(file, 0)
        root.subgraphs[0].tensors[model.x].quantization.min = [-1.0]
        root.metadata = [schema.MetadataT()]
        root.metadata[0].name, root.metadata[0].buffer = "notes", len(root.buffers)
        root.buffers.append(schema.BufferT())
        root.buffers[-1].data = np.frombuffer(b"note", np.uint8)
        return root

    def optimised(self) -> Any:
        return schema.ModelT.InitFromPackedBuf(optimize(serialise(self.model())).model, 0)

    def test_what_the_graph_does_not_know_stays(self) -> None:
        root = self.optimised()
        assert bytes(root.buffers[root.metadata[0].buffer].data) == b"note"
        assert (root.metadata[0].name, root.description) == (b"notes", b"d")
        (main,) = root.subgraphs
        assert list(main.tensors[main.inputs[0]].quantization.min) == [-1.0]
        (signature,) = root.signatureDefs
        assert signature.outputs[0].tensorIndex == main.outputs[1]

    def test_unused_tensors_go_and_equal_constants_are_one(self) -> None:
        root = self.optimised()
        (main,) = root.subgraphs
        names = {tensor.name.decode(): tensor.buffer for tensor in main.tensors}
        assert "unused" not in names
        assert names["w"] == names["again"] != 0
        assert names["x"] == names["y"] == 0
        assert root.buffers[0].data is None

    def test_constants_are_aligned(self) -> None:
        file = optimize(serialise(self.model())).model
        root = schema.Model.GetRootAs(file, 0)
        buffers = [root.Buffers(i) for i in range(root.BuffersLength())]
        starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if b.DataLength()]
        assert starts and not any(start % ALIGNMENT for start in starts)
