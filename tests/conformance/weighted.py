# SPDX-License-Identifier: Apache-2.0
"""How cases of operators with weights are built: convolutions and fully connected.

Output scales are chosen so that random int8 data fills the output's range without saturating most
of it; a row that gives `multiplier` (input scale × weight scale / output scale) wants otherwise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tests.conformance.bench import Array, Bench, Case, Quant, Shape

UNIFORM_DEVIATION = {"int8": 74.0, "int16": 18918.0}
"""Standard deviation of uniform integers."""

GOOD_DEVIATION = {"int8": 45.0, "int16": 11500.0}
"""Standard deviation of outputs that use their range."""

INPUT_SCALE = 0.05
WEIGHT_SCALE = 0.01


def window_extent(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Number of output rows or columns of a sliding window."""
    if padding == "SAME":
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


@dataclass(frozen=True, kw_only=True)
class Weighted(Case):
    """Common part of the operators with weights and bias. A `hybrid` case has int8 weights and is
    float32 otherwise. In int16, zero points are 0 and `bias_type` is that of the bias, which
    `bias_reach` takes near that magnitude."""

    activation: str = "NONE"
    per_channel: bool = True
    bias: bool = True
    weights: str = "random"
    multiplier: float | None = None
    input_zero: int = -5
    output_zero: int = 3
    hybrid: bool = False
    bias_type: str = "int64"
    bias_reach: int | None = None
    bits: int = 8
    """Of quantised weights: 8 or 4."""

    @property
    def is_float(self) -> bool:
        return self.dtype == "float32"

    def weight_scales(self, bench: Bench, channels: int) -> list[float]:
        """A scale for each channel, or the only one."""
        if not self.per_channel:
            return [WEIGHT_SCALE]
        return [float(f) for f in WEIGHT_SCALE * bench.generator.uniform(0.5, 1.5, channels)]

    def output_scale(self, terms: int) -> float:
        """For sums of `terms` products."""
        product = INPUT_SCALE * WEIGHT_SCALE
        if self.multiplier is not None:
            return product / self.multiplier
        if self.is_float:
            return product
        spread = UNIFORM_DEVIATION[self.dtype] * UNIFORM_DEVIATION["int8"] / 2 ** (8 - self.bits)
        return product * math.sqrt(terms) * spread / GOOD_DEVIATION[self.dtype]

    def add_weights(self, bench: Bench, shape: Shape, axis: int, terms: int) -> list[int]:
        """Constant weights and, unless the case has none, bias."""
        channels = shape[axis]
        if self.is_float and not self.hybrid:
            weights = bench.normal(shape) / math.sqrt(terms)
            tensors = [bench.constant("weights", weights, "float32")]
            bias = [bench.constant("bias", bench.normal((channels,)), "float32")]
            return tensors + bias * self.bias
        scales = self.weight_scales(bench, channels)
        weights = self._integer_weights(bench, shape, terms)
        tensors = [bench.constant("weights", weights, f"int{self.bits}", scale=scales, axis=axis)]
        if self.hybrid:
            return (
                tensors + [bench.constant("bias", bench.normal((channels,)), "float32")] * self.bias
            )
        deviation = UNIFORM_DEVIATION[self.dtype]
        reach = max(1, round(math.sqrt(terms * np.mean(weights**2)) * deviation))
        reach = reach if self.bias_reach is None else self.bias_reach
        bias_scales = [INPUT_SCALE * scale for scale in scales]
        values = bench.integers(-reach, reach, (channels,))
        dtype = self.bias_type if self.dtype == "int16" else "int32"
        return tensors + [bench.constant("bias", values, dtype, scale=bias_scales)] * self.bias

    def _integer_weights(self, bench: Bench, shape: Shape, terms: int) -> Array:
        """`tiny`: a few ones, so that sums stay near the range of the input."""
        match self.weights:
            case "zero":
                return np.zeros(shape, np.int64)
            case "lowest":
                return np.full(shape, -(2 ** (self.bits - 1)), np.int64)
            case "tiny":
                return bench.integers(-1, 1, shape) * (bench.integers(1, terms, shape) <= 2)
            case _:
                reach = 2 ** (self.bits - 1) - 1
                return bench.integers(-reach, reach, shape)

    @property
    def input_quant(self) -> Quant:
        return Quant(INPUT_SCALE, 0 if self.dtype == "int16" else self.input_zero)

    def output_quant(self, terms: int) -> Quant:
        return Quant(self.output_scale(terms), 0 if self.dtype == "int16" else self.output_zero)

    @property
    def bias_option(self) -> dict[str, str]:
        """The option that only biases of 32 bits need."""
        narrow = self.dtype == "int16" and self.bias_type == "int32"
        return {"quantizedBiasType": "INT32"} if narrow else {}


@dataclass(frozen=True, kw_only=True)
class Spatial(Weighted):
    """A convolution over height and width."""

    shape: Shape = (1, 5, 6, 4)
    kernel: Shape = (3, 3)
    stride: Shape = (1, 1)
    dilation: Shape = (1, 1)
    padding: str = "SAME"

    def options(self) -> dict[str, int | str]:
        return {
            "padding": self.padding,
            "strideH": self.stride[0],
            "strideW": self.stride[1],
            "dilationHFactor": self.dilation[0],
            "dilationWFactor": self.dilation[1],
            "fusedActivationFunction": self.activation,
        }

    def add_output(self, bench: Bench, channels: int, terms: int) -> int:
        rows, columns = (
            window_extent(
                self.shape[1 + i], self.kernel[i], self.stride[i], self.dilation[i], self.padding
            )
            for i in range(2)
        )
        quant = self.output_quant(terms)
        return bench.output((self.shape[0], rows, columns, channels), self.dtype, quant)


@dataclass(frozen=True, kw_only=True)
class Conv(Spatial):
    operator: ClassVar[str] = "CONV_2D"
    filters: int = 5
    groups: int = 1

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.input_quant)
        shape = (self.filters, *self.kernel, self.shape[3] // self.groups)
        terms = math.prod(shape[1:])
        weights = self.add_weights(bench, shape, 0, terms)
        y = self.add_output(bench, self.filters, terms)
        version = 5 if self.hybrid else 1 if self.is_float else 4 if self.dtype == "int16" else 3
        options = self.options() | self.bias_option
        bench.builder.op("CONV_2D", [x, *weights], [y], options, version)


@dataclass(frozen=True, kw_only=True)
class Depthwise(Spatial):
    operator: ClassVar[str] = "DEPTHWISE_CONV_2D"
    depth: int = 1

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.input_quant)
        channels = self.shape[3] * self.depth
        terms = math.prod(self.kernel)
        weights = self.add_weights(bench, (1, *self.kernel, channels), 3, terms)
        y = self.add_output(bench, channels, terms)
        options = self.options() | {"depthMultiplier": self.depth}
        version = 6 if self.hybrid else 2 if self.is_float else 5 if self.dtype == "int16" else 3
        bench.builder.op("DEPTHWISE_CONV_2D", [x, *weights], [y], options, version)


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Weighted):
    """`keep` is keep_num_dims; `absent_bias` spells a missing bias as input -1; `asymmetric` is
    asymmetric_quantize_inputs."""

    operator: ClassVar[str] = "FULLY_CONNECTED"
    shape: Shape = (1, 12)
    units: int = 7
    per_channel: bool = False
    keep: bool = False
    absent_bias: bool = False
    asymmetric: bool = False

    def add(self, bench: Bench) -> None:
        x = bench.input(self.shape, self.dtype, self.input_quant)
        depth = self.shape[-1]
        weights = self.add_weights(bench, (self.units, depth), 0, depth)
        rows = math.prod(self.shape) // depth
        shape = (*self.shape[:-1], self.units) if self.keep else (rows, self.units)
        y = bench.output(shape, self.dtype, self.output_quant(depth))
        options: dict[str, bool | str] = {
            "keepNumDims": self.keep,
            "fusedActivationFunction": self.activation,
            "asymmetricQuantizeInputs": self.asymmetric,
            **self.bias_option,
        }
        inputs = [x, *weights] + [-1] * self.absent_bias
        version = 6 if self.absent_bias else 5 if self.keep else 1 if self.is_float else 4
        version = 9 if self.hybrid else 7 if self.dtype == "int16" else version
        bench.builder.op("FULLY_CONNECTED", inputs, [y], options, version)
