# SPDX-License-Identifier: Apache-2.0
"""What a model contains: `microlith inspect`, and its JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from microlith import ops
from microlith.errors import Problem
from microlith.frontend import check
from microlith.frontend.checks import op_rules
from microlith.ir.graph import Graph, OpView, Quantization, Subgraph, Tensor


@dataclass(frozen=True)
class TensorInfo:
    """A tensor. `bytes` is its size in memory; `type` is for people: `int8[1,10]`."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    type: str
    bytes: int
    constant: bool
    quantization: dict[str, Any] | None


@dataclass(frozen=True)
class OpInfo:
    """An op in the order of the file. An absent optional input is None; `macs` is None for an op
    that cannot be compiled."""

    index: int
    kind: str
    version: int
    inputs: tuple[TensorInfo | None, ...]
    outputs: tuple[TensorInfo, ...]
    macs: int | None


@dataclass(frozen=True)
class SignatureInfo:
    """A named entry point: its names for inputs and outputs, each with the tensor's name."""

    key: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Report:
    """A model at a glance. `constant_bytes` counts data that tensors share once;
    `activation_bytes` is the sum of all results and inputs, which the memory plan overlaps."""

    name: str
    description: str
    sha256: str
    file_size: int
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    signatures: tuple[SignatureInfo, ...]
    ops: tuple[OpInfo, ...]
    macs: int
    constant_bytes: int
    activation_bytes: int
    problems: tuple[Problem, ...]

    @property
    def compilable(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, for json.dump."""
        return {**asdict(self), "compilable": self.compilable}


def inspect(graph: Graph) -> Report:
    """Report of the main subgraph's contents and of all problems of the model."""
    main = graph.main
    operators = tuple(_op(view) for view in main.views)
    return Report(
        name=graph.name,
        description=graph.description,
        sha256=graph.sha256,
        file_size=graph.file_size,
        inputs=tuple(_tensor(main.tensors[i]) for i in main.inputs),
        outputs=tuple(_tensor(main.tensors[i]) for i in main.outputs),
        signatures=tuple(_signature(graph, i) for i in range(len(graph.signatures))),
        ops=operators,
        macs=sum(op.macs or 0 for op in operators),
        constant_bytes=_constant_bytes(main),
        activation_bytes=_activation_bytes(main),
        problems=check(graph),
    )


def _op(view: OpView) -> OpInfo:
    op = view.op
    present = range(len(op.inputs))
    broken = op_rules(view)
    return OpInfo(
        index=op.index,
        kind=op.kind,
        version=op.version,
        inputs=tuple(_tensor(view.input(i)) if view.has_input(i) else None for i in present),
        outputs=tuple(_tensor(tensor) for tensor in view.outputs),
        macs=None if broken else ops.BY_NAME[op.kind].macs(view),
    )


def _tensor(tensor: Tensor) -> TensorInfo:
    return TensorInfo(
        name=tensor.name,
        dtype=tensor.dtype.value,
        shape=tensor.shape,
        type=tensor.describe(),
        bytes=tensor.nbytes if tensor.data is None else tensor.data.nbytes,
        constant=tensor.is_constant,
        quantization=_quantization(tensor.quantization),
    )


def _quantization(quantization: Quantization | None) -> dict[str, Any] | None:
    """Per channel, the scales are many and of no use to a reader: only their axis is told."""
    if quantization is None:
        return None
    if quantization.per_channel:
        return {"axis": quantization.axis, "channels": len(quantization.scales)}
    return {"scale": quantization.scale, "zero_point": quantization.zero_point}


def _signature(graph: Graph, index: int) -> SignatureInfo:
    signature = graph.signatures[index]
    tensors = graph.subgraphs[signature.subgraph].tensors

    def names(pairs: tuple[tuple[str, int], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((name, tensors[tensor].name) for name, tensor in pairs)

    return SignatureInfo(signature.key, names(signature.inputs), names(signature.outputs))


def _constant_bytes(subgraph: Subgraph) -> int:
    """Bytes of the constants that ops read or that are outputs, each buffer of the file once."""
    used = {i for op in subgraph.ops for i in op.inputs if i >= 0} | set(subgraph.outputs)
    arrays = (subgraph.tensors[i].data for i in used)
    return sum({id(_owner(a)): a.nbytes for a in arrays if a is not None}.values())


def _owner(array: Any) -> Any:
    """The array that owns the bytes which `array` shows."""
    return array if array.base is None else _owner(array.base)


def _activation_bytes(subgraph: Subgraph) -> int:
    written = {i for op in subgraph.ops for i in op.outputs} | set(subgraph.inputs)
    variables = {i for i, tensor in enumerate(subgraph.tensors) if tensor.is_variable}
    return sum(subgraph.tensors[i].nbytes for i in written | variables)
