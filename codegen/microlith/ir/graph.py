# SPDX-License-Identifier: Apache-2.0
"""Graph: tensors, ops, subgraphs and signatures of a model, independent of any target."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from microlith.errors import Problem

Array = npt.NDArray[Any]


class DType(enum.Enum):
    """Element type of a tensor; the value is the name that users see and NumPy knows."""

    BOOL = "bool"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    COMPLEX64 = "complex64"
    COMPLEX128 = "complex128"
    STRING = "string"
    RESOURCE = "resource"
    VARIANT = "variant"
    INT4 = "int4"
    UINT4 = "uint4"
    BFLOAT16 = "bfloat16"
    INT2 = "int2"
    FLOAT8 = "float8"

    @property
    def has_numpy(self) -> bool:
        """Whether a NumPy array can hold elements of this type as they are."""
        return self.value in _NUMPY_NAMES

    @property
    def numpy(self) -> np.dtype[Any]:
        return np.dtype(self.value)

    @property
    def size(self) -> int:
        """Bytes an element (types narrower than a byte and strings have no NumPy type: 1)."""
        return self.numpy.itemsize if self.has_numpy else 1

    @property
    def is_float(self) -> bool:
        return self in (DType.FLOAT16, DType.FLOAT32, DType.FLOAT64)

    @property
    def c_type(self) -> str:
        """C type of an element in generated code."""
        return {"float32": "float", "float64": "double", "bool": "bool"}.get(
            self.value, f"{self.value}_t"
        )


_NUMPY_NAMES = frozenset(
    (
        *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
)


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation, real = scale * (q - zero_point), per tensor or per slice of `axis`.

    Scales are float32 values held exactly in Python floats.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantisation."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantisation."""
        return self.zero_points[0]


@dataclass(frozen=True)
class Channels:
    """What is left of a tensor's last axis, which has `count` elements in the file.

    `kept` are the channels that still exist, in order. `constants` has those dropped ones whose
    every element is the same on every input, with that value; nobody reads the other ones.
    """

    count: int
    kept: tuple[int, ...]
    constants: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value of the graph. `data` is set for constants; `view_of` names the tensor whose bytes
    this one shares, `channels` tells how it differs from the file's (both set by a pass)."""

    name: str
    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    data: Array | None = None
    is_variable: bool = False
    view_of: int | None = None
    channels: Channels | None = None

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.elements * self.dtype.size

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def scale(self) -> float:
        return self._quantization.scale

    @property
    def zero_point(self) -> int:
        return self._quantization.zero_point

    @property
    def _quantization(self) -> Quantization:
        assert self.quantization is not None, f"{self.name} is not quantised"
        return self.quantization

    def describe(self) -> str:
        """`int8[1,49,10,1]`, as messages and comments show it."""
        return f"{self.dtype.value}[{','.join(str(n) for n in self.shape)}]"


@dataclass(frozen=True)
class Op:
    """One operator of the file. `index` is its position there and survives every pass; an absent
    optional input is -1; `attributes` is what the operator's declaration read from the options.

    Where a pass merged two ops, `index` is that of the op whose result it computes, and `origin`
    that of the op whose kind and options it has."""

    kind: str
    index: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    version: int = 1
    attributes: Any = None
    merged_from: int | None = None

    @property
    def origin(self) -> int:
        return self.index if self.merged_from is None else self.merged_from

    @property
    def label(self) -> str:
        return f"op {self.index} ({self.kind})"


@dataclass(frozen=True)
class OpView:
    """An op together with its tensors: what rules, passes and kernels look at."""

    op: Op
    tensors: tuple[Tensor, ...]

    def has_input(self, position: int) -> bool:
        return position < len(self.op.inputs) and self.op.inputs[position] >= 0

    def input(self, position: int = 0) -> Tensor:
        return self.tensors[self.op.inputs[position]]

    def output(self, position: int = 0) -> Tensor:
        return self.tensors[self.op.outputs[position]]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs that are present."""
        return tuple(self.tensors[i] for i in self.op.inputs if i >= 0)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return tuple(self.tensors[i] for i in self.op.outputs)

    @property
    def attributes(self) -> Any:
        return self.op.attributes


@dataclass(frozen=True)
class Subgraph:
    name: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def view(self, op: Op) -> OpView:
        return OpView(op, self.tensors)

    @property
    def views(self) -> Iterable[OpView]:
        return (OpView(op, self.tensors) for op in self.ops)

    @property
    def constant_bytes(self) -> int:
        """Bytes of the constants that ops read, equal ones counted once."""
        read = (tensor.data for op in self.views for tensor in op.inputs)
        return sum(map(len, {data.tobytes() for data in read if data is not None}))

    def storage(self, tensor: int) -> int:
        """The tensor whose bytes `tensor` uses: itself, or the root of its chain of views."""
        parent = self.tensors[tensor].view_of
        return tensor if parent is None else self.storage(parent)


@dataclass(frozen=True)
class Signature:
    """A named entry point: (name, tensor) pairs for inputs and outputs."""

    key: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]
    subgraph: int = 0


@dataclass(frozen=True)
class Graph:
    """A whole model. `name` is the file's stem; `sha256` and `file_size` are of its bytes.

    `constant_bytes` are those of the file's main subgraph, before any pass.

    `unsupported` lists what the file holds but this graph cannot express (dynamic shapes, sparse
    tensors ...): `frontend.check` reports it.
    """

    name: str
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...] = ()
    description: str = ""
    sha256: str = ""
    file_size: int = 0
    constant_bytes: int = 0
    unsupported: tuple[Problem, ...] = ()

    @property
    def main(self) -> Subgraph:
        return self.subgraphs[0]

    def with_main(self, main: Subgraph) -> Graph:
        return replace(self, subgraphs=(main, *self.subgraphs[1:]))
