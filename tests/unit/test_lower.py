# SPDX-License-Identifier: Apache-2.0
"""Names, ports, constants and parameter binding."""

from __future__ import annotations

import numpy as np
import pytest

from microlith.errors import OptionError
from microlith.ir.graph import DType, Graph, Op, OpView, Signature, Subgraph, Tensor
from microlith.ir.program import BufferRef, ConstantRef
from microlith.kernels.base import Const, In, InRows, Out, Scratch
from microlith.lower.bind import Binding, row_layout
from microlith.lower.constants import ConstantPool
from microlith.lower.names import identifier, reserved_names, tensor_label, unique
from microlith.lower.ports import named_ports, port_keys


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kws_int8", "kws_int8"),
        ("my-model (final)", "my_model_final"),
        ("2nd", "m_2nd"),
        ("int", "m_int"),
        ("日本", "model"),
        ("", "model"),
    ],
)
def test_identifier(text: str, expected: str) -> None:
    assert identifier(text, "model") == expected


def test_tensor_label_takes_the_first_of_fused_names() -> None:
    assert tensor_label("net/conv/Relu;net/bn/FusedBatchNormV3", 3) == "conv_relu"
    assert tensor_label("", 3) == "tensor_3"
    assert tensor_label("9", 3) == "m_9"
    assert len(tensor_label("layer/" * 30, 3)) <= 48


def test_unique_numbers_repeated_labels() -> None:
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a_2", "a_3"]


def test_headers_of_runtime_and_c_library_are_reserved() -> None:
    assert {"mr", "math", "kernel", "microlith", "conv"} <= reserved_names()


def test_empty_and_repeated_port_names_are_numbered() -> None:
    assert port_keys(["x", "", "y", "y"], "input") == ["x", "input_1", "input_2", "input_3"]


def _graph() -> Graph:
    tensors = (Tensor("a", DType.INT8, (1, 4)), Tensor("b", DType.INT8, (1, 4)))
    main = Subgraph("main", tensors, (), (0,), (1,))
    signature = Signature("serve", (("left", 0),), (("right", 1),))
    return Graph("g", (main,), (signature,))


def test_signature_names_ports() -> None:
    assert named_ports(_graph(), None) == ([("a", 0)], [("b", 1)])
    assert named_ports(_graph(), "serve") == ((("left", 0),), (("right", 1),))
    with pytest.raises(OptionError, match="serve"):
        named_ports(_graph(), "other")


def test_equal_constants_are_stored_once() -> None:
    pool = ConstantPool()
    first = pool.add("w", np.arange(4, dtype=np.int8), "")
    second = pool.add("w", np.arange(4, dtype=np.int8).reshape(2, 2), "")
    other = pool.add("w", np.arange(4, dtype=np.int32), "")
    assert first == second == ConstantRef("w")
    assert other == ConstantRef("w_2")
    assert [c.name for c in pool.constants] == ["w", "w_2"]


def test_rows_of_padding_share_the_longest() -> None:
    pool = ConstantPool()
    short = pool.add("padding", np.full(8, -3, np.int8), "")
    long = pool.add("padding", np.full(32, -3, np.int8), "")
    other = pool.add("padding", np.full(8, 5, np.int8), "")
    assert short == long != other
    assert [len(c.values) for c in pool.constants] == [32, 8]


def test_binding_resolves_symbolic_parameters() -> None:
    tensors = (Tensor("x", DType.INT8, (1, 3, 5, 2)), Tensor("y", DType.INT8, (1, 3, 5, 2)))
    op = OpView(Op("RELU", 0, (0,), (1,)), tensors)
    binding = Binding(
        op,
        place=BufferRef,
        rows=lambda index, count: (BufferRef(index), count),
        constants={"filter": ConstantRef("op0_filter")},
        scratch=7,
    )
    params = binding.params(
        {
            "input": InRows(0),
            "base": In(0),
            "output": Out(),
            "filter": Const("filter"),
            "rows": Scratch(8),
            "window": {"pads": (1, 2), "scale": 0.5},
        }
    )
    assert params == {
        "input": {"base": BufferRef(0), "pitch": 10, "capacity": 3},
        "base": BufferRef(0),
        "output": BufferRef(1),
        "filter": ConstantRef("op0_filter"),
        "rows": BufferRef(7, 8),
        "window": {"pads": [1, 2], "scale": 0.5},
    }


def test_rows_are_numbered_by_all_axes_but_two() -> None:
    assert row_layout(Tensor("t", DType.FLOAT32, (2, 3, 5, 7))) == (6, 140)
    assert row_layout(Tensor("t", DType.INT8, (4, 9))) == (1, 36)
    assert row_layout(Tensor("t", DType.INT8, ())) == (1, 1)
