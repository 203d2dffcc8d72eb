# SPDX-License-Identifier: Apache-2.0
"""Packs many operator cases into one model: each is an op with inputs and outputs of its own, so
that one build and one emulated image run them all."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.tflite_builder import ModelBuilder

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


class Quant(NamedTuple):
    """Per-tensor quantisation."""

    scale: float
    zero_point: int = 0


@dataclass
class Bench:
    """What a case adds its op to. `generator` is seeded by the case's name."""

    builder: ModelBuilder
    prefix: str
    generator: np.random.Generator
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def input(self, shape: Shape, dtype: str, quant: Quant | None) -> int:
        """An input of the model; float tensors take no quantisation."""
        tensor = self._tensor(f"in{len(self.inputs)}", shape, dtype, quant)
        self.inputs.append(tensor)
        return tensor

    def output(self, shape: Shape, dtype: str, quant: Quant | None) -> int:
        """An output of the model."""
        tensor = self._tensor("out", shape, dtype, quant)
        self.outputs.append(tensor)
        return tensor

    def constant(self, name: str, data: npt.ArrayLike, dtype: str, **quantization: Any) -> int:
        name, shape = f"{self.prefix}/{name}", np.shape(data)
        return self.builder.tensor(name, shape, dtype, data=data, **quantization)

    def normal(self, shape: Shape) -> Array:
        return self.generator.standard_normal(shape)

    def integers(self, low: int, high: int, shape: Shape) -> Array:
        """Uniform over [low, high]."""
        return self.generator.integers(low, high, shape, endpoint=True)

    def _tensor(self, name: str, shape: Shape, dtype: str, quant: Quant | None) -> int:
        full = f"{self.prefix}/{name}"
        if quant is None or dtype.startswith("float"):
            return self.builder.tensor(full, shape, dtype)
        return self.builder.tensor(full, shape, dtype, quant.scale, quant.zero_point)


@dataclass(frozen=True, kw_only=True)
class Case(ABC):
    """One row of the table: an operator with element type, shapes and attributes."""

    operator: ClassVar[str]
    dtype: str = "int8"

    @abstractmethod
    def add(self, bench: Bench) -> None:
        """Adds the op with its tensors."""

    @property
    def name(self) -> str:
        """`conv_2d-int8-stride=2x1`: what differs from the defaults."""
        changed = [
            f"{entry.name}={_text(getattr(self, entry.name))}"
            for entry in fields(self)
            if entry.name != "dtype" and getattr(self, entry.name) != entry.default
        ]
        return "-".join([self.operator.lower(), self.dtype, *changed])


def pack(cases: Iterable[Case]) -> bytes:
    """A .tflite of all cases, in order."""
    builder = ModelBuilder()
    inputs: list[int] = []
    outputs: list[int] = []
    for case in cases:
        generator = np.random.default_rng(zlib.crc32(case.name.encode()))
        bench = Bench(builder, case.name, generator)
        case.add(bench)
        inputs += bench.inputs
        outputs += bench.outputs
    return builder.build(inputs, outputs)


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "x".join(_text(item) for item in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
