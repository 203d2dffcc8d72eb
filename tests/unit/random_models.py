# SPDX-License-Identifier: Apache-2.0
"""Random small int8 models, many of whose channels are constant or unread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.tflite_builder import ModelBuilder

Array = np.ndarray[Any, Any]

HUGE = 1 << 30
"""Magnitude of the biases that trained models have on dead channels."""


class RandomModel:
    """Layers in a row, with branches to earlier results of the same shape."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = ModelBuilder()
        self.shape: tuple[int, ...] = (1, *(int(n) for n in self.rng.integers(3, 7, 2)), 3)
        self.input = self.current = self._tensor(self.shape)
        self.earlier: list[tuple[int, tuple[int, ...]]] = [(self.current, self.shape)]

    def build(self, kinds: Sequence[str]) -> bytes:
        """The file of a model with these layers, as far as they fit, and a dense one at the end."""
        for kind in kinds:
            if self.shape[1] * self.shape[2] > 1 or kind in ("conv", "relu"):
                getattr(self, kind)()
                self.earlier.append((self.current, self.shape))
        self._dense()
        return self.builder.build([self.input], [self.current])

    def conv(self) -> None:
        size = int(self.rng.choice([1, 3])) if min(self.shape[1:3]) >= 3 else 1
        padding = str(self.rng.choice(["SAME", "VALID"]))
        stride = int(self.rng.choice([1, 2])) if size == 3 else 1
        outputs = int(self.rng.integers(2, 9))
        weights = self._weights((outputs, size, size, self.shape[3]))
        dead = self.rng.random(outputs) < 0.4
        weights[dead] = 0
        weights[:, :, :, self.rng.random(self.shape[3]) < 0.2] = 0
        options = {"padding": padding, "strideH": stride, "strideW": stride}
        self._layer("CONV_2D", weights, dead, 0, (*self._window(size, stride, padding), outputs),
                    options)  # fmt: skip

    def depthwise(self) -> None:
        size = 3 if min(self.shape[1:3]) >= 3 else 1
        multiplier = int(self.rng.choice([1, 1, 2]))
        padding = str(self.rng.choice(["SAME", "VALID"]))
        outputs = self.shape[3] * multiplier
        weights = self._weights((1, size, size, outputs))
        dead = self.rng.random(outputs) < 0.3
        weights[..., dead & (self.rng.random(outputs) < 0.5)] = 0
        options = {"padding": padding, "strideH": 1, "strideW": 1, "depthMultiplier": multiplier}
        self._layer("DEPTHWISE_CONV_2D", weights, dead, 3,
                    (*self._window(size, 1, padding), outputs), options)  # fmt: skip

    def relu(self) -> None:
        result = self._tensor(self.shape, like=self.current if self.rng.random() < 0.5 else None)
        kind = str(self.rng.choice(["RELU", "RELU6", "ABS"]))
        self.builder.op(kind, [self.current], [result])
        self.current = result

    def quantize(self) -> None:
        result = self._tensor(self.shape, like=self.current if self.rng.random() < 0.5 else None)
        self.builder.op("QUANTIZE", [self.current], [result])
        self.current = result

    def add(self) -> None:
        others = [tensor for tensor, shape in self.earlier if shape == self.shape]
        self._pair("ADD", int(self.rng.choice(others)))

    def mul_constant(self) -> None:
        channels = self.shape[3] if self.rng.random() < 0.7 else 1
        data = self.rng.integers(-128, 128, channels).astype(np.int8)
        data[self.rng.random(channels) < 0.3] = 5  # its zero point
        self._pair("MUL", self.builder.constant("factors", data, scale=0.02, zero_point=5))

    def concat(self) -> None:
        quantized = self.builder.tensors[self.current].quantization
        others = [
            tensor
            for tensor, shape in self.earlier
            if shape[:3] == self.shape[:3]
            and self.builder.tensors[tensor].quantization.scale == quantized.scale
            and self.builder.tensors[tensor].quantization.zeroPoint == quantized.zeroPoint
        ]
        inputs = [self.current, *others[-1:]]
        channels = sum(int(self.builder.tensors[i].shape[3]) for i in inputs)
        self.shape = (*self.shape[:3], channels)
        result = self._tensor(self.shape, like=self.current)
        self.builder.op("CONCATENATION", inputs, [result], {"axis": 3})
        self.current = result

    def pool(self) -> None:
        kind = str(self.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        padding = str(self.rng.choice(["SAME", "VALID"]))
        size = min(2, *self.shape[1:3])
        self.shape = (*self._window(size, 1, padding), self.shape[3])
        result = self._tensor(self.shape, like=self.current)
        sides = {"filterHeight": size, "filterWidth": size, "strideH": 1, "strideW": 1}
        self.builder.op(kind, [self.current], [result], {"padding": padding, **sides})
        self.current = result

    def pad(self) -> None:
        before, after = (int(n) for n in self.rng.integers(0, 2, 2))
        pads = np.array([[0, 0], [before, after], [before, after], [0, 0]], np.int32)
        batch, height, width, channels = self.shape
        self.shape = (batch, height + before + after, width + before + after, channels)
        result = self._tensor(self.shape, like=self.current)
        constant = self.builder.constant("pads", pads)
        self.builder.op("PAD", [self.current, constant], [result], version=2)
        self.current = result

    def _dense(self) -> None:
        """MEAN or RESHAPE, then FULLY_CONNECTED."""
        if self.rng.random() < 0.5:
            self.shape = (1, self.shape[3])
            result = self._tensor(self.shape)
            axes = self.builder.constant("axes", np.array([1, 2], np.int32))
            self.builder.op("MEAN", [self.current, axes], [result], {"keepDims": False})
        else:
            self.shape = (1, int(np.prod(self.shape)))
            result = self._tensor(self.shape, like=self.current)
            shape = self.builder.constant("shape", np.array([1, -1], np.int32))
            self.builder.op("RESHAPE", [self.current, shape], [result], {})
        self.current = result
        weights = self._weights((4, self.shape[1]))
        weights[:, self.rng.random(self.shape[1]) < 0.2] = 0
        dead = np.array([False, True, False, False])
        self._layer("FULLY_CONNECTED", weights, dead, None, (1, 4), {})

    def _layer(
        self,
        kind: str,
        weights: Array,
        dead: Array,
        axis: int | None,
        shape: tuple[int, ...],
        options: dict[str, Any],
    ) -> None:
        """A layer whose channels `dead` have biases that decide on their results."""
        builder, outputs = self.builder, len(dead)
        count = outputs if axis is not None else 1
        scales = self.rng.uniform(0.002, 0.02, count).astype(np.float32)
        biases = self.rng.integers(-2000, 2000, outputs).astype(np.int32)
        biases[dead] = self.rng.choice([HUGE, -HUGE, 0, 700], int(dead.sum()))
        result = self._tensor(shape)
        per_channel = {"scale": scales.tolist(), "zero_point": [0] * count}
        source = float(builder.tensors[self.current].quantization.scale[0])
        inputs = [
            self.current,
            builder.constant(f"{kind}_weights", weights, **per_channel, axis=axis or 0),
            builder.constant("biases", biases, scale=(scales * source).tolist()),
        ]
        activation = str(self.rng.choice(["NONE", "RELU", "RELU6"]))
        builder.op(kind, inputs, [result], {"fusedActivationFunction": activation, **options}, 3)
        self.current, self.shape = result, shape

    def _pair(self, kind: str, other: int) -> None:
        result = self._tensor(self.shape)
        activation = str(self.rng.choice(["NONE", "RELU"]))
        options = {"fusedActivationFunction": activation}
        self.builder.op(kind, [self.current, other], [result], options, 2)
        self.current = result

    def _weights(self, shape: tuple[int, ...]) -> Array:
        return self.rng.integers(-127, 128, shape).astype(np.int8)

    def _tensor(self, shape: tuple[int, ...], like: int | None = None) -> int:
        """A tensor with a quantisation of its own, or with that of `like`."""
        scale, zero_point = float(self.rng.uniform(0.01, 0.1)), int(self.rng.integers(-128, 128))
        if like is not None:
            known = self.builder.tensors[like].quantization
            scale, zero_point = float(known.scale[0]), int(known.zeroPoint[0])
        name = f"t{len(self.builder.tensors)}"
        return self.builder.tensor(name, shape, scale=scale, zero_point=zero_point)

    def _window(self, size: int, stride: int, padding: str) -> tuple[int, int, int]:
        covered = 0 if padding == "SAME" else size - 1
        height, width = (-(-(n - covered) // stride) for n in self.shape[1:3])
        return 1, height, width
