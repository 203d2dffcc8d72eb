# SPDX-License-Identifier: Apache-2.0
"""How each operator's cases are built. Defaults give an ordinary op; a row of the table names what
it varies. Operators with weights are in `weighted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tests.conformance.bench import Bench, Case, Quant, Shape
from tests.conformance.weighted import window_extent

ORDINARY = Quant(0.05, -5)
LEFT = ORDINARY
RIGHT = Quant(0.03, 9)
SUM = Quant(0.06, 2)
PRODUCT = Quant(0.15, 2)
FINE = Quant(0.02, 3)
PROBABILITY = Quant(1 / 256, -128)


@dataclass(frozen=True, kw_only=True)
class Pool(Case):
    shape: Shape = (1, 6, 7, 4)
    kernel: Shape = (2, 2)
    stride: Shape = (2, 2)
    padding: str = "VALID"
    activation: str = "NONE"
    quant: Quant = ORDINARY

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.quant)
        rows, columns = (
            window_extent(self.shape[1 + i], self.kernel[i], self.stride[i], 1, self.padding)
            for i in range(2)
        )
        shape = (self.shape[0], rows, columns, self.shape[3])
        y = bench.output(shape, self.dtype, self.quant)
        options = {
            "padding": self.padding,
            "filterHeight": self.kernel[0],
            "filterWidth": self.kernel[1],
            "strideH": self.stride[0],
            "strideW": self.stride[1],
            "fusedActivationFunction": self.activation,
        }
        bench.builder.op(self.operator, [x], [y], options, 1 if self.dtype == "float32" else 2)


class AveragePool(Pool):
    operator: ClassVar[str] = "AVERAGE_POOL_2D"


class MaxPool(Pool):
    operator: ClassVar[str] = "MAX_POOL_2D"


@dataclass(frozen=True, kw_only=True)
class Binary(Case):
    """`second`: the right operand is an input, a constant, or the left operand itself. `shifts`:
    pot_scale_int16, which only ADD has."""

    a: Shape = (1, 3, 4, 5)
    b: Shape = (1, 3, 4, 5)
    activation: str = "NONE"
    second: str = "input"
    a_quant: Quant = LEFT
    b_quant: Quant = RIGHT
    y_quant: Quant = SUM
    shifts: bool | None = None

    def add(self, bench: Bench) -> None:
        x = bench.input(self.a, self.dtype, self.a_quant)
        other = x if self.second == "same" else self._second(bench)
        y = bench.output(np.broadcast_shapes(self.a, self.b), self.dtype, self.y_quant)
        options: dict[str, str | bool] = {"fusedActivationFunction": self.activation}
        if self.shifts is not None:
            options["potScaleInt16"] = self.shifts
        version = 1 if self.dtype == "float32" else 2
        bench.builder.op(self.operator, [x, other], [y], options, version)

    def _second(self, bench: Bench) -> int:
        if self.second == "input":
            return bench.input(self.b, self.dtype, self.b_quant)
        if self.dtype == "float32":
            return bench.constant("b", bench.normal(self.b), "float32")
        scale, zero_point = self.b_quant
        limits = np.iinfo(self.dtype)
        values = bench.integers(limits.min, limits.max, self.b)
        return bench.constant("b", values, self.dtype, scale=scale, zero_point=zero_point)


class Add(Binary):
    operator: ClassVar[str] = "ADD"


@dataclass(frozen=True, kw_only=True)
class Mul(Binary):
    operator: ClassVar[str] = "MUL"
    y_quant: Quant = PRODUCT


@dataclass(frozen=True, kw_only=True)
class Reshape(Case):
    """`given` is the requested shape, which may hold a -1; `by` says where it is written."""

    operator: ClassVar[str] = "RESHAPE"
    shape: Shape = (1, 4, 3, 2)
    result: Shape = (1, 24)
    given: Shape = (1, 24)
    by: str = "input"

    def add(self, bench: Bench) -> None:
        quant = ORDINARY
        x = bench.input(self.shape, self.dtype, quant)
        inputs = [x]
        if self.by == "input":
            inputs.append(bench.constant("shape", self.given, "int32"))
        y = bench.output(self.result, self.dtype, quant)
        bench.builder.op("RESHAPE", inputs, [y], {"newShape": list(self.given)})


@dataclass(frozen=True, kw_only=True)
class Unary(Case):
    """An elementwise operator, or one along the last axis."""

    shape: Shape = (1, 3, 4, 5)
    x_quant: Quant = ORDINARY
    y_quant: Quant = ORDINARY

    def options(self) -> dict[str, float] | None:
        return None

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.x_quant)
        y = bench.output(self.shape, self.dtype, self.y_quant)
        version = 1 if self.dtype == "float32" else 2
        bench.builder.op(self.operator, [x], [y], self.options(), version)


@dataclass(frozen=True, kw_only=True)
class Softmax(Unary):
    operator: ClassVar[str] = "SOFTMAX"
    beta: float = 1.0
    y_quant: Quant = PROBABILITY

    def options(self) -> dict[str, float]:
        return {"beta": self.beta}


@dataclass(frozen=True, kw_only=True)
class Logistic(Unary):
    operator: ClassVar[str] = "LOGISTIC"
    y_quant: Quant = PROBABILITY


class Relu(Unary):
    operator: ClassVar[str] = "RELU"


class Relu6(Unary):
    operator: ClassVar[str] = "RELU6"


class Abs(Unary):
    operator: ClassVar[str] = "ABS"


@dataclass(frozen=True, kw_only=True)
class Pad(Case):
    operator: ClassVar[str] = "PAD"
    shape: Shape = (1, 3, 4, 5)
    paddings: tuple[Shape, ...] = ((0, 0), (1, 1), (1, 1), (0, 0))
    index_type: str = "int32"
    quant: Quant = ORDINARY

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.quant)
        paddings = bench.constant("paddings", self.paddings, self.index_type)
        pairs = zip(self.shape, self.paddings, strict=True)
        shape = tuple(n + before + after for n, (before, after) in pairs)
        y = bench.output(shape, self.dtype, self.quant)
        bench.builder.op("PAD", [x, paddings], [y], {}, 1 if self.dtype == "float32" else 2)


@dataclass(frozen=True, kw_only=True)
class Mean(Case):
    """Axes () stands for a scalar axis tensor that holds 1."""

    operator: ClassVar[str] = "MEAN"
    shape: Shape = (2, 3, 4, 5)
    axes: Shape = (1, 2)
    keep: bool = True
    x_quant: Quant = ORDINARY
    y_quant: Quant = ORDINARY

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.x_quant)
        axes = bench.constant("axes", self.axes or 1, "int32")
        reduced = {axis % len(self.shape) for axis in self.axes or (1,)}
        shape = tuple(
            1 if i in reduced else n
            for i, n in enumerate(self.shape)
            if self.keep or i not in reduced
        )
        y = bench.output(shape, self.dtype, self.y_quant)
        version = 1 if self.dtype == "float32" else 2
        bench.builder.op("MEAN", [x, axes], [y], {"keepDims": self.keep}, version)


@dataclass(frozen=True, kw_only=True)
class Concatenation(Case):
    """`sizes`: extents of the inputs along `axis`."""

    operator: ClassVar[str] = "CONCATENATION"
    shape: Shape = (1, 3, 4, 5)
    axis: int = 3
    sizes: Shape = (5, 2)
    quant: Quant = ORDINARY

    def add(self, bench: Bench) -> None:
        position = self.axis % len(self.shape)
        before, after = self.shape[:position], self.shape[position + 1 :]
        inputs = [
            bench.input((*before, size, *after), self.dtype, self.quant) for size in self.sizes
        ]
        y = bench.output((*before, sum(self.sizes), *after), self.dtype, self.quant)
        version = 1 if self.dtype == "float32" else 2
        bench.builder.op("CONCATENATION", inputs, [y], {"axis": self.axis}, version)


@dataclass(frozen=True, kw_only=True)
class Quantize(Case):
    """`dtype` is that of the output."""

    operator: ClassVar[str] = "QUANTIZE"
    source: str = "float32"
    shape: Shape = (1, 3, 4, 5)
    x_quant: Quant = ORDINARY
    y_quant: Quant = FINE

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.source, self.x_quant)
        y = bench.output(self.shape, self.dtype, self.y_quant)
        bench.builder.op("QUANTIZE", [x], [y])


@dataclass(frozen=True, kw_only=True)
class Dequantize(Case):
    """`dtype` is that of the input."""

    operator: ClassVar[str] = "DEQUANTIZE"
    shape: Shape = (1, 3, 4, 5)
    quant: Quant = ORDINARY

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.quant)
        y = bench.output(self.shape, "float32", None)
        bench.builder.op("DEQUANTIZE", [x], [y], None, 2)
