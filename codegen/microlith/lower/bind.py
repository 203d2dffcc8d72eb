# SPDX-License-Identifier: Apache-2.0
"""Turns a kernel's symbolic parameters into values that the program can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from microlith.ir.graph import OpView, Tensor
from microlith.ir.program import BufferRef, ConstantRef, Params, Value
from microlith.kernels.base import Argument, Const, In, InRows, Out, OutRows, Scratch

Ref = BufferRef | ConstantRef


@dataclass(frozen=True)
class Binding:
    """Where the operands of one op are: `place` maps a tensor's index to its bytes, `rows` to that
    of its rows and how many lie behind each other before the first place comes again (0: `rows` is
    a list of offsets), `constants` the kernel's own names to those of the pool, `scratch` is its
    scratch buffer's id."""

    op: OpView
    place: Callable[[int], Ref]
    rows: Callable[[int, int], tuple[Ref, int]]
    constants: Mapping[str, ConstantRef]
    scratch: int | None

    def params(self, arguments: Mapping[str, Argument]) -> Params:
        return {name: self._value(argument) for name, argument in arguments.items()}

    def _value(self, argument: Argument) -> Value:
        match argument:
            case In(position):
                return self.place(self.op.op.inputs[position])
            case Out(position):
                return self.place(self.op.op.outputs[position])
            case InRows(position):
                return self._rows(self.op.op.inputs[position])
            case OutRows(position):
                return self._rows(self.op.op.outputs[position])
            case Const(name):
                return self.constants[name]
            case Scratch(offset):
                assert self.scratch is not None, "the kernel declared no scratch"
                return BufferRef(self.scratch, offset)
            case Mapping():
                return self.params(argument)
            case int() | float():
                return argument
            case _:
                return [self._value(item) for item in argument]

    def _rows(self, index: int) -> Value:
        count, pitch = row_layout(self.op.tensors[index])
        base, capacity = self.rows(index, count)
        return {"base": base, "pitch": pitch, "capacity": capacity}


def row_layout(tensor: Tensor) -> tuple[int, int]:
    """Rows of a tensor and bytes a row: all axes but the last two number the rows."""
    rows = 1
    for extent in tensor.shape[:-2]:
        rows *= extent
    return rows, tensor.nbytes // max(rows, 1)
