# SPDX-License-Identifier: Apache-2.0
"""ADD and MUL in portable C: two operands spread over the rows of the output."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import Argument, InRows, Kernel, Lowering, OutRows
from microlith.kernels.quantize_math import (
    activation_range,
    float_activation_range,
    quantize_multiplier,
)
from microlith.targets.target import Target

Shape = tuple[int, ...]

HEADROOM = 20
"""Bits by which ADD raises its operands before it scales them: MR_ADD_HEADROOM in the C."""


@dataclass(frozen=True)
class Level:
    """A loop over an output: its extent, and how far each operand moves a turn (0: repeats)."""

    extent: int
    steps: tuple[int, int]


@dataclass(frozen=True)
class Spread:
    """Loops over images, lines, runs and elements, of which the first two number the rows.

    `order` holds the positions of the op's inputs: within a run the one named first moves, the
    other moves or repeats.
    """

    order: tuple[int, int]
    rows: tuple[Level, Level]
    elements: tuple[Level, Level]

    @property
    def is_pairwise(self) -> bool:
        """Whether both operands move within a run."""
        return self.elements[1].steps[1] == 1

    def params(self) -> dict[str, Argument]:
        """Values of an mr_spread."""
        images, lines = self.rows
        runs, run = self.elements
        return {
            "input1": InRows(self.order[0]),
            "input2": InRows(self.order[1]),
            "output": OutRows(0),
            "lines": lines.extent,
            "image_step": images.steps,
            "line_step": lines.steps,
            "runs": runs.extent,
            "length": run.extent,
            "run_step": runs.steps,
            "step2": run.steps[1],
        }


def spread(out: Shape, operands: tuple[Shape, Shape], order: tuple[int, int]) -> Spread | None:
    """How two operands spread over an output of shape `out`, in the given order if both move
    within a run. None when broadcasting would need more than two loops over the rows."""
    first, second = operands[order[0]], operands[order[1]]
    elements = _levels(out[-2:], (first[-2:], second[-2:]))
    if elements[-1:] and elements[-1].steps[0] == 0:
        return spread(out, operands, (order[1], order[0]))
    rows = _levels(out[:-2], (first[:-2], second[:-2]))
    if len(rows) > 2:
        return None
    return Spread(order, _pair(rows, (0, 0)), _pair(elements, (1, 1)))


def _levels(out: Shape, operands: tuple[Shape, Shape]) -> list[Level]:
    """The fewest loops over `out`, outermost first, with steps in elements of each operand."""
    strides = [_strides(shape, len(out)) for shape in operands]
    levels: list[Level] = []
    for extent, *steps in zip(reversed(out), *strides, strict=True):
        inner = levels[-1] if levels else None
        if extent == 1:
            continue
        if inner and all(a == b * inner.extent for a, b in zip(steps, inner.steps, strict=True)):
            levels[-1] = Level(extent * inner.extent, inner.steps)
        else:
            levels.append(Level(extent, (steps[0], steps[1])))
    return levels[::-1]


def _strides(shape: Shape, rank: int) -> list[int]:
    """Steps of a packed tensor along `rank` axes, the last one first; 0 where it repeats."""
    strides = []
    stride = 1
    for extent in reversed((1,) * (rank - len(shape)) + shape):
        strides.append(0 if extent == 1 else stride)
        stride *= extent
    return strides


def _pair(levels: list[Level], steps: tuple[int, int]) -> tuple[Level, Level]:
    """Two levels, with loops of one turn in front; `steps` are those of a missing last one."""
    outer, inner = [Level(1, (0, 0)), *(levels or [Level(1, steps)])][-2:]
    return outer, inner


class ElementwiseKernel(Kernel):
    """What the kernels have in common: element type, spread, in-place rule."""

    source = "elementwise"
    dtype: ClassVar[DType]
    instructions: ClassVar[float]
    """Estimated instructions an element."""

    def rejects(self, op: OpView) -> str | None:
        if op.output().dtype != self.dtype:
            return f"is for {self.dtype.value}"
        return None if _spread(op, (0, 1)) else "broadcasts over more than two groups of axes"

    def cost(self, op: OpView, target: Target) -> float:
        return self.instructions * op.output().elements

    def lower(self, op: OpView, target: Target) -> Lowering:
        plan = _spread(op, self.order(op))
        assert plan is not None, "rejects() was not asked"
        shape = op.output().shape
        return Lowering(
            params={"spread": plan.params(), **self.arithmetic(op, plan)},
            in_place=tuple(i for i in (0, 1) if op.input(i).elements == op.output().elements),
            rows=prod(shape[:-2]),
        )

    def order(self, op: OpView) -> tuple[int, int]:
        """Preferred order of the operands."""
        return 0, 1

    @abstractmethod
    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        """Parameters beside the spread."""


class AddInt8(ElementwiseKernel):
    name = "add_s8"
    operators = ("ADD",)
    function = "mr_add_s8"
    params = "mr_add_s8_params"
    dtype = DType.INT8
    instructions = 35.0

    def order(self, op: OpView) -> tuple[int, int]:
        """The larger scale first: against the common scale, its double, its factor is exact."""
        return (0, 1) if op.input(0).scale >= op.input(1).scale else (1, 0)

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        first, second = (op.input(position) for position in plan.order)
        common = 2.0 * max(first.scale, second.scale)
        multiplier1, shift1 = downward(first.scale / common)
        multiplier2, shift2 = downward(second.scale / common)
        multiplier, shift = downward(common / (2.0**HEADROOM * op.output().scale))
        low, high = activation_range(op.attributes.activation, op.output())
        return {
            "offset1": -first.zero_point,
            "multiplier1": multiplier1,
            "shift1": shift1,
            "offset2": -second.zero_point,
            "multiplier2": multiplier2,
            "shift2": shift2,
            "output_offset": op.output().zero_point,
            "output_multiplier": multiplier,
            "output_shift": shift,
            "low": low,
            "high": high,
        }


class MulInt8(ElementwiseKernel):
    name = "mul_s8"
    operators = ("MUL",)
    function = "mr_mul_s8"
    params = "mr_mul_s8_params"
    dtype = DType.INT8
    instructions = 33.0

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        first, second = (op.input(position) for position in plan.order)
        multiplier, shift = quantize_multiplier(product_scale(op))
        low, high = activation_range(op.attributes.activation, op.output())
        return {
            "offset1": -first.zero_point,
            "offset2": -second.zero_point,
            "output_offset": op.output().zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "low": low,
            "high": high,
        }


class ElementwiseFloat(ElementwiseKernel):
    params = "mr_elementwise_f32_params"
    dtype = DType.FLOAT32
    instructions = 17.0

    def arithmetic(self, op: OpView, plan: Spread) -> dict[str, Argument]:
        low, high = float_activation_range(op.attributes.activation)
        return {"low": low, "high": high}


class AddFloat(ElementwiseFloat):
    name = "add_f32"
    operators = ("ADD",)
    function = "mr_add_f32"


class MulFloat(ElementwiseFloat):
    name = "mul_f32"
    operators = ("MUL",)
    function = "mr_mul_f32"


def _spread(op: OpView, order: tuple[int, int]) -> Spread | None:
    return spread(op.output().shape, (op.input(0).shape, op.input(1).shape), order)


def product_scale(op: OpView) -> float:
    """The reference computes this one in float32."""
    product = np.float32(op.input(0).scale) * np.float32(op.input(1).scale)
    return float(product / np.float32(op.output().scale))


def downward(real: float) -> tuple[int, int]:
    """`real` in [0, 0.5] as (multiplier, right shift) with a shift of at least 1.

    One half itself, which has no right shift, becomes (1 - 2^-31) / 2. On operands of 9 bits raised
    by 20, or of 16 raised by 15, the two round alike: they differ by a half at most, which only the
    least operand reaches, and its half rounds down.
    """
    multiplier, shift = quantize_multiplier(real)
    if shift < 0 or multiplier == 0:
        return multiplier, max(-shift, 1)
    assert (multiplier, shift) == (2**30, 0), f"{real} is more than one half"
    return 2**31 - 1, 1


KERNELS = (AddInt8(), MulInt8(), AddFloat(), MulFloat())
