# SPDX-License-Identifier: Apache-2.0
"""Random layers, the same on every run: shapes, windows and scales that nobody thought of, and
chains of three layers, whose middle tensors a plan by rows keeps in rings."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tests.conformance.bench import Bench, Case, Quant, Shape
from tests.conformance.operators import Add, AveragePool, MaxPool, Mul
from tests.conformance.weighted import (
    WEIGHT_SCALE,
    Conv,
    Depthwise,
    FullyConnected,
    Spatial,
    window_extent,
)

ZERO_POINTS = (-128, -127, -5, 0, 1, 127)
MULTIPLIERS = (None, None, None, 0.99, 0.5, 0.01, 0.7 * 2.0**-10, 0.7 * 2.0**-15, 3.0)
"""Input scale times weight scale by output scale; None for outputs that fill their range."""

WEIGHTS = ("random", "random", "random", "lowest", "tiny", "zero")
ACTIVATIONS = ("NONE", "NONE", "RELU", "RELU6")

LINK = WEIGHT_SCALE
"""The multiplier that gives outputs the scale of inputs."""


def layer(operator: str, dtype: str, dice: random.Random) -> Case | None:
    """A random layer of that operator, None for one that is not swept."""
    match operator:
        case "CONV_2D":
            return Conv(dtype=dtype, **_conv(dice), **_numbers(dice))
        case "DEPTHWISE_CONV_2D":
            return Depthwise(dtype=dtype, **_depthwise(dice), **_numbers(dice))
        case "FULLY_CONNECTED":
            numbers = _numbers(dice) | {"per_channel": False}
            shape = (dice.choice((1, 1, 3)), dice.randint(1, 300))
            return FullyConnected(dtype=dtype, shape=shape, units=dice.randint(1, 33), **numbers)
        case "AVERAGE_POOL_2D":
            return AveragePool(dtype=dtype, **_pool(dice))
        case "MAX_POOL_2D":
            return MaxPool(dtype=dtype, **_pool(dice))
        case "ADD":
            return Add(dtype=dtype, **_pair(dice))
        case "MUL":
            return Mul(dtype=dtype, **_pair(dice))
    return None


def _conv(dice: random.Random) -> dict[str, Any]:
    kernel = (1, 1) if dice.random() < 0.4 else (dice.randint(1, 5), dice.randint(1, 5))
    channels = dice.choice((1, 2, 3, 4, dice.randint(1, 67)))
    return {"filters": dice.randint(1, 20), **_window(dice, kernel, channels)}


def _depthwise(dice: random.Random) -> dict[str, Any]:
    kernel = (3, 3) if dice.random() < 0.6 else (dice.randint(1, 7), dice.randint(1, 7))
    depth = 1 if dice.random() < 0.9 else dice.randint(2, 3)
    channels = dice.randint(1, 67) if depth == 1 else dice.randint(1, 9)
    return {"depth": depth, **_window(dice, kernel, channels)}


def _window(dice: random.Random, kernel: Shape, channels: int) -> dict[str, Any]:
    """Attributes of a layer with a window that fits its image."""
    stride = dice.choice(((1, 1), (1, 1), (2, 2), (1, 2), (2, 1), (3, 3)))
    dilation = dice.choice(((1, 1),) * 4 + ((2, 2), (1, 3))) if max(stride) == 1 else (1, 1)
    padding = dice.choice(("SAME", "VALID"))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    least = reach if padding == "VALID" else [1, 1]
    height, width = (
        dice.randint(low, max(low, most)) for low, most in zip(least, (9, 19), strict=True)
    )
    return {
        "shape": (dice.choice((1, 1, 2)), height, width, channels),
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "padding": padding,
    }


def _numbers(dice: random.Random) -> dict[str, Any]:
    """Extreme zero points, multipliers and weights."""
    return {
        "input_zero": dice.choice(ZERO_POINTS),
        "output_zero": dice.choice(ZERO_POINTS),
        "multiplier": dice.choice(MULTIPLIERS),
        "weights": dice.choice(WEIGHTS),
        "activation": dice.choice(ACTIVATIONS),
        "per_channel": dice.random() < 0.8,
    }


def _pool(dice: random.Random) -> dict[str, Any]:
    kernel = (dice.randint(1, 4), dice.randint(1, 5))
    height, width = dice.randint(kernel[0], 9), dice.randint(kernel[1], 19)
    return {
        "shape": (dice.choice((1, 2)), height, width, dice.randint(1, 67)),
        "kernel": kernel,
        "stride": (dice.randint(1, 3), dice.randint(1, 3)),
        "padding": dice.choice(("SAME", "VALID")),
    }


def _pair(dice: random.Random) -> dict[str, Any]:
    shape = (1, dice.randint(1, 5), dice.randint(1, 19), dice.randint(1, 67))
    quants = [Quant(dice.uniform(0.01, 0.2), dice.choice(ZERO_POINTS)) for _ in range(3)]
    names = ("a_quant", "b_quant", "y_quant")
    return {"a": shape, "b": shape, **dict(zip(names, quants, strict=True))}


@dataclass
class _Linked(Bench):
    """A bench in the middle of a chain: its first input is `given`, its outputs are no model's."""

    given: int | None = None

    def input(self, shape: Shape, dtype: str, quant: Quant | None) -> int:
        return super().input(shape, dtype, quant) if self.given is None else self.given


@dataclass(frozen=True, kw_only=True)
class Chain(Case):
    """A pointwise layer that widens, the layer `middle`, and one that narrows: both tensors between
    them are larger than what goes in and out."""

    operator: ClassVar[str] = "CHAIN"
    middle: Spatial = field(default_factory=Depthwise)
    channels: int = 2

    def add(self, bench: Bench) -> None:
        linked = replace(self.middle, multiplier=LINK, weights="random")
        batch, height, width, wide = linked.shape
        widen = Conv(
            dtype=self.dtype, shape=(batch, height, width, self.channels), filters=wide,
            kernel=(1, 1), multiplier=LINK, output_zero=linked.input_zero,
        )  # fmt: skip
        given = self._stage(bench, "widen", widen, None)
        given = self._stage(bench, "middle", linked, given)
        narrow = Conv(
            dtype=self.dtype, shape=_result(linked), filters=self.channels, kernel=(1, 1),
            stride=(2, 2), input_zero=linked.output_zero,
        )  # fmt: skip
        bench.outputs.append(self._stage(bench, "narrow", narrow, given))

    def _stage(self, bench: Bench, name: str, case: Spatial, given: int | None) -> int:
        """Adds one layer; its output."""
        linked = _Linked(bench.builder, f"{bench.prefix}/{name}", bench.generator, given=given)
        case.add(linked)
        bench.inputs += linked.inputs
        (output,) = linked.outputs
        return output


def _result(case: Spatial) -> Shape:
    """Shape of a layer's output."""
    rows, columns = (
        window_extent(
            case.shape[1 + i], case.kernel[i], case.stride[i], case.dilation[i], case.padding
        )
        for i in range(2)
    )
    channels = case.filters if isinstance(case, Conv) else case.shape[3]
    return case.shape[0], rows, columns, channels


def chain(operator: str, dtype: str, dice: random.Random) -> Chain | None:
    """A random chain around a layer of that operator; None where there is none."""
    middle = layer(operator, dtype, dice)
    if not isinstance(middle, Spatial) or middle.shape[3] < 4:
        return None
    if isinstance(middle, Depthwise):
        middle = replace(middle, depth=1)
    _, height, width, channels = middle.shape
    changes: dict[str, Any] = {"shape": (1, height + 8, width, channels)}
    if dice.random() < 0.7:
        changes |= {"activation": "RELU", "output_zero": -128}
    return Chain(dtype=dtype, middle=replace(middle, **changes), channels=dice.randint(1, 3))
