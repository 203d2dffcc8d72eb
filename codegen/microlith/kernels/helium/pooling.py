# SPDX-License-Identifier: Apache-2.0
"""AVERAGE_POOL_2D and MAX_POOL_2D with Helium: int8, lanes are channels."""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from microlith.ir.graph import DType, OpView
from microlith.kernels.base import InRows, Kernel, Lowering, OutRows, Scratch, wrong_type
from microlith.kernels.portable.pooling import pool_window, taps
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class Division(NamedTuple):
    """How magnitudes of sums are divided: (magnitude + half) * reciprocal >> (16 + right)."""

    half: int
    reciprocal: int
    right: int


class _PoolInt8Helium(Kernel):
    backend = "helium"
    params = "mr_pool_s8_helium_params"
    source = "pooling"
    features = frozenset({"mve"})

    def rejects(self, op: OpView) -> str | None:
        extents = pool_window(op) | {"channels": op.input().shape[3]}
        return wrong_type(op, DType.INT8) or too_large(extents)

    @abstractmethod
    def division(self, op: OpView) -> Division:
        """Of its sums."""

    def lower(self, op: OpView, target: Target) -> Lowering:
        least, most = activation_range(op.attributes.activation, op.output())
        batches, height, _, channels = op.output().shape
        return Lowering(
            params={
                "input": InRows(0),
                "output": OutRows(),
                "window": pool_window(op),
                "row_table": Scratch(),
                "channels": channels,
                **self.division(op)._asdict(),
                "least": least,
                "most": most,
            },
            scratch=op.attributes.filter_height * target.pointer_size,
            rows=batches * height,
        )


class AveragePoolInt8Helium(_PoolInt8Helium):
    name = "average_pool_s8_helium"
    operators = ("AVERAGE_POOL_2D",)
    function = "mr_average_pool_s8_helium"

    def rejects(self, op: OpView) -> str | None:
        window = pool_window(op)
        if any(_reaches_out(window, axis) for axis in ("height", "width")):
            return "is for windows inside the image"
        if division_by(taps(op)) is None:
            return f"has no exact reciprocal for windows of {taps(op)} elements"
        return super().rejects(op)

    def division(self, op: OpView) -> Division:
        found = division_by(taps(op))
        assert found is not None, "rejects() was not asked"
        return found

    def cost(self, op: OpView, target: Target) -> float:
        channels = op.output().shape[3]
        many, few = channels // 32, -(-(channels % 32) // 8)
        rows = 6.0 * int(op.attributes.filter_height)
        block = many * (10.0 * taps(op) + rows + 60.0) + few * (5.0 * taps(op) + rows + 40.0)
        return op.output().elements / channels * (block + 40.0)


class MaxPoolInt8Helium(_PoolInt8Helium):
    name = "max_pool_s8_helium"
    operators = ("MAX_POOL_2D",)
    function = "mr_max_pool_s8_helium"

    def division(self, op: OpView) -> Division:
        return Division(0, 0, 0)

    def cost(self, op: OpView, target: Target) -> float:
        channels = op.output().shape[3]
        rows = 6.0 * int(op.attributes.filter_height)
        block = -(-channels // 16) * (5.0 * taps(op) + rows + 25.0)
        return op.output().elements / channels * (block + 30.0)


def division_by(count: int) -> Division | None:
    """Exact for all sums of `count` int8, or None where 16 bits do not suffice.

    The reciprocal is 2^(16 + right) / count, rounded up by error / count. The quotient of n is
    exact while n * error < 2^(16 + right): what is added stays below 1 / count then.
    """
    largest = 128 * count + count // 2
    right = max(count - 1, 1).bit_length() - 1
    reciprocal = -(-(1 << (16 + right)) // count)
    error = reciprocal * count - (1 << (16 + right))
    fits = 128 * count <= 1 << 15 and reciprocal < 1 << 16
    return (
        Division(count // 2, reciprocal, right)
        if fits and largest * error < 1 << (16 + right)
        else None
    )


def _reaches_out(window: dict[str, int], axis: str) -> bool:
    """Whether some window reaches over a side of the image."""
    before = window["pad_top" if axis == "height" else "pad_left"]
    last = (window[f"out_{axis}"] - 1) * window[f"stride_{axis}"] - before
    return before > 0 or last + window[f"kernel_{axis}"] > window[f"in_{axis}"]


KERNELS = (AveragePoolInt8Helium(), MaxPoolInt8Helium())
