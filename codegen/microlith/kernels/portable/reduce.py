# SPDX-License-Identifier: Apache-2.0
"""MEAN in portable C: three loops over kept axes around three loops over reduced ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import Argument, In, Kernel, Lowering, Out, wrong_type
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.ops.reduce import reduced_axes
from microlith.targets.target import Target

MOST_LOOPS = 3
"""Loops of either kind in an mr_reduction."""

MOST_REDUCED = 1 << 22
"""Elements that an int8 mean may reduce to one: 32-bit sums of differences stay exact."""


@dataclass(frozen=True)
class Loop:
    """Adjacent axes of one kind in one loop; `step` is in elements of the input."""

    reduced: bool
    extent: int
    step: int


class MeanKernel(Kernel):
    """A mean along constant axes."""

    operators = ("MEAN",)
    source = "reduce"
    dtype: ClassVar[DType]

    def rejects(self, op: OpView) -> str | None:
        kinds = [loop.reduced for loop in loops(op)]
        if max(kinds.count(True), kinds.count(False)) > MOST_LOOPS:
            return f"has more than {MOST_LOOPS} groups of reduced or of kept axes"
        return wrong_type(op, self.dtype)

    def cost(self, op: OpView, target: Target) -> float:
        return 3.0 * op.input().elements + 20.0 * op.output().elements


class MeanInt8(MeanKernel):
    name = "mean_s8"
    function = "mr_mean_s8"
    params = "mr_mean_s8_params"
    dtype = DType.INT8

    def rejects(self, op: OpView) -> str | None:
        if reduced_count(op) > MOST_REDUCED:
            return f"reduces more than {MOST_REDUCED} elements to one"
        return super().rejects(op)

    def lower(self, op: OpView, target: Target) -> Lowering:
        count = reduced_count(op)
        multiplier, shift = mean_multiplier(op.input().scale / op.output().scale, count)
        return Lowering(
            params={
                "reduction": reduction_params(op),
                "bias": -op.input().zero_point * count,
                "multiplier": multiplier,
                "shift": shift,
                "output_offset": op.output().zero_point,
            }
        )


class MeanFloat(MeanKernel):
    name = "mean_f32"
    function = "mr_mean_f32"
    params = "mr_mean_f32_params"
    dtype = DType.FLOAT32

    def lower(self, op: OpView, target: Target) -> Lowering:
        count = float(reduced_count(op))
        return Lowering(params={"reduction": reduction_params(op), "count": count})


def reduced_count(op: OpView) -> int:
    """Elements of the input that are reduced to one of the output."""
    return prod(op.input().shape[axis] for axis in reduced_axes(op))


def mean_multiplier(ratio: float, count: int) -> tuple[int, int]:
    """Fixed-point ratio / count: that of `ratio`, divided as the reference does, with as many more
    bits as `count` has, which loses less than a bit."""
    multiplier, shift = quantize_multiplier(ratio)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // count, shift - bits


def loops(op: OpView) -> list[Loop]:
    """The fewest loops over the input, outermost first."""
    found: list[Loop] = []
    step = 1
    reduced = reduced_axes(op)
    for axis, extent in reversed([*enumerate(op.input().shape)]):
        kind = axis in reduced
        if extent > 1 and found and found[-1].reduced == kind:
            found[-1] = Loop(kind, extent * found[-1].extent, found[-1].step)
        elif extent > 1:
            found.append(Loop(kind, extent, step))
        step *= extent
    return found[::-1]


def reduction_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_reduction."""
    planned = loops(op)
    kept = _padded([loop for loop in planned if not loop.reduced])
    reduced = _padded([loop for loop in planned if loop.reduced])
    return {
        "input": In(0),
        "output": Out(),
        "kept": [loop.extent for loop in kept],
        "kept_step": [loop.step for loop in kept],
        "reduced": [loop.extent for loop in reduced],
        "reduced_step": [loop.step for loop in reduced],
    }


def _padded(planned: Sequence[Loop]) -> list[Loop]:
    return [Loop(False, 1, 0)] * (MOST_LOOPS - len(planned)) + list(planned)


KERNELS = (MeanInt8(), MeanFloat())
