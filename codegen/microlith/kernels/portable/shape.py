# SPDX-License-Identifier: Apache-2.0
"""RESHAPE, PAD and CONCATENATION in portable C: bytes are copied, whatever their type."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from microlith.ir.graph import OpView
from microlith.kernels.base import Argument, In, InRows, Kernel, Lowering, Out, OutRows
from microlith.ops.shape import concat_axis, pad_value, paddings
from microlith.targets.target import Target

BYTES_PER_INSTRUCTION = 2.0
"""What memcpy and memset move, about."""

ROW_AXES = 3
"""Axes that may number the rows of a padded tensor: as in mr_pad_params."""


def copy_lowering(op: OpView) -> Lowering:
    """Lowering of an op that copies its first input to its output, for the kernel mr_copy."""
    size = op.output().nbytes
    return Lowering(params={"input": In(0), "output": Out(0), "size": size}, in_place=(0,))


class Reshape(Kernel):
    """Used where the reshaped tensor cannot be a view."""

    name = "copy"
    operators = ("RESHAPE",)
    function = "mr_copy"
    params = "mr_copy_params"
    source = "shape"

    def rejects(self, op: OpView) -> str | None:
        return None

    def lower(self, op: OpView, target: Target) -> Lowering:
        return copy_lowering(op)

    def cost(self, op: OpView, target: Target) -> float:
        return op.output().nbytes / BYTES_PER_INSTRUCTION


class Pad(Kernel):
    name = "pad"
    operators = ("PAD",)
    function = "mr_pad"
    params = "mr_pad_params"
    source = "shape"

    def rejects(self, op: OpView) -> str | None:
        return None if len(set(_pad_bytes(op))) == 1 else "the padding is not one repeated byte"

    def lower(self, op: OpView, target: Target) -> Lowering:
        source, result = op.input(), op.output()
        missing = max(0, ROW_AXES + 2 - len(source.shape))
        extents = (1,) * missing + source.shape
        padded = (1,) * missing + result.shape
        pads = ((0, 0),) * missing + paddings(op)
        params: dict[str, Argument] = {
            "input": InRows(0),
            "output": OutRows(0),
            "in_extent": extents[ROW_AXES - 1 :: -1],
            "out_extent": padded[ROW_AXES - 1 :: -1],
            "before": [before for before, _ in pads[ROW_AXES - 1 :: -1]],
            "value": _pad_bytes(op)[0],
        }
        params |= _row(extents[-2:], pads[-2:], source.dtype.size)
        return Lowering(params=params, rows=prod(result.shape[:-2]))

    def cost(self, op: OpView, target: Target) -> float:
        return op.output().nbytes / BYTES_PER_INSTRUCTION


def _pad_bytes(op: OpView) -> bytes:
    """The bytes of one element of padding."""
    return pad_value(op).to_bytes(op.output().dtype.size, "little", signed=pad_value(op) < 0)


def _row(
    extents: tuple[int, ...], pads: tuple[tuple[int, int], ...], size: int
) -> dict[str, Argument]:
    """How a row of W pixels of C elements is padded; whole rows are copied where C is not."""
    (width, depth), ((left, right), (before, after)) = extents, pads
    pixel = (before + depth + after) * size
    chunks, chunk = (width, depth) if before or after else (1, width * depth)
    return {
        "left": left * pixel,
        "right": right * pixel,
        "chunks": chunks,
        "chunk_left": before * size,
        "chunk_size": chunk * size,
        "chunk_right": after * size,
    }


class Concatenation(Kernel):
    """One of several kernels that differ in the number of inputs that their tables hold."""

    operators = ("CONCATENATION",)
    source = "shape"
    capacity: ClassVar[int]

    def rejects(self, op: OpView) -> str | None:
        count = len(op.inputs)
        return None if count <= self.capacity else f"{count} inputs, more than {self.capacity}"

    def lower(self, op: OpView, target: Target) -> Lowering:
        axis, count = concat_axis(op), len(op.inputs)
        sizes = [prod(t.shape[axis:]) * t.dtype.size for t in op.inputs]
        unused = [0] * (self.capacity - count)
        return Lowering(
            params={
                "output": Out(0),
                "outer": prod(op.output().shape[:axis]),
                "count": count,
                "inputs": [*(In(i) for i in range(count)), *unused],
                "sizes": [*sizes, *unused],
            }
        )

    def cost(self, op: OpView, target: Target) -> float:
        return op.output().nbytes / BYTES_PER_INSTRUCTION + self.capacity


class Concatenation4(Concatenation):
    name = "concat_4"
    function = "mr_concat_4"
    params = "mr_concat_4_params"
    capacity = 4


class Concatenation16(Concatenation):
    name = "concat_16"
    function = "mr_concat_16"
    params = "mr_concat_16_params"
    capacity = 16


class Concatenation64(Concatenation):
    name = "concat_64"
    function = "mr_concat_64"
    params = "mr_concat_64_params"
    capacity = 64


KERNELS = (Reshape(), Pad(), Concatenation4(), Concatenation16(), Concatenation64())
