# SPDX-License-Identifier: Apache-2.0
"""Layers with int8 weights between float32 activations, with SMLAD."""

from __future__ import annotations

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Kernel, Lowering, Out, Scratch
from microlith.kernels.fpu.output import limit_params
from microlith.kernels.portable.accumulate import MOST_PRODUCTS, float_biases
from microlith.kernels.portable.conv import conv_window, geometry
from microlith.kernels.portable.hybrid import quantises_asymmetrically, weight_scales
from microlith.kernels.portable.window import too_large
from microlith.ops.conv import is_hybrid
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

BLOCK = 4
"""Inputs in a word of weights."""

PIXELS = 3
"""Output pixels that are computed together."""

UNITS = 4
"""Units that are computed together."""

INSTRUCTIONS_PER_INPUT = 21.0
"""To find the range of the input and to quantise it."""


class HybridFpu(Kernel):
    backend = "fpu"
    source = "hybrid"
    features = frozenset({"dsp", "fpu"})

    def rejects(self, op: OpView) -> str | None:
        if not is_hybrid(op):
            return "is for float32 activations and int8 weights"
        products = op.input(1).elements // op.output().shape[-1]
        if products > MOST_PRODUCTS:
            return f"sums {products} products an output, more than {MOST_PRODUCTS}"
        return None


class Conv2DHybridFpu(HybridFpu):
    name = "conv_2d_hybrid_fpu"
    operators = ("CONV_2D",)
    function = "mr_conv_2d_hybrid_fpu"
    params = "mr_conv_2d_hybrid_fpu_params"

    def rejects(self, op: OpView) -> str | None:
        if super().rejects(op) is None and geometry(op).groups != 1:
            return f"is for one group of channels, not {geometry(op).groups}"
        extents = {"channels": max(op.input().shape[3], op.output().shape[3])}
        return super().rejects(op) or too_large(conv_window(op) | extents)

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        count = op.input().elements // op.input().shape[0]
        groups = -(-shape.taps // BLOCK)
        gathered = groups * PIXELS * BLOCK * DType.INT16.size
        quantised = gathered + groups * BLOCK
        weights = shape.weights.reshape(shape.weights.shape[0], -1)
        pointwise = is_pointwise(op)
        overtakes = pointwise and op.output().shape[3] > op.input().shape[3]
        return Lowering(
            params={
                "hybrid": hybrid_params(op, shape.taps, quantised),
                "window": shape.window,
                "output": Out(),
                "gathered": Scratch(gathered),
                "widened": Scratch(),
                "in_channels": op.input().shape[3],
                "batches": op.input().shape[0],
                "pointwise": int(pointwise),
            },
            constants=hybrid_constants(op, weights, 2),
            scratch=quantised + (0 if pointwise else count),
            in_place=() if overtakes else (0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        shape = geometry(op)
        outputs = op.output().shape[3]
        groups = -(-shape.taps // BLOCK)
        columns = shape.window["kernel_height"] * shape.window["kernel_width"]
        copies = 30.0 if columns == 1 else columns * 30.0 + 0.8 * shape.taps
        window = copies + groups * 7.0 + 60.0
        pairs = -(-outputs // 2) * (groups * 21.5 + 50.0) / PIXELS + outputs * 15.0
        pixels = op.output().elements / outputs
        return pixels * (window + pairs) + INSTRUCTIONS_PER_INPUT * op.input().elements


class FullyConnectedHybridFpu(HybridFpu):
    name = "fully_connected_hybrid_fpu"
    operators = ("FULLY_CONNECTED",)
    function = "mr_fully_connected_hybrid_fpu"
    params = "mr_fully_connected_hybrid_fpu_params"

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        depth = weights.shape[1]
        return Lowering(
            params={
                "hybrid": hybrid_params(op, depth, 0),
                "output": Out(),
                "batches": batches(op),
            },
            constants=hybrid_constants(op, weights, UNITS),
            scratch=-(-depth // BLOCK) * BLOCK,
            in_place=(0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        units, depth = op.input(1).shape
        groups = -(-depth // BLOCK)
        block = groups * 21.5 + 22.0 * UNITS + 40.0
        vector = -(-units // UNITS) * block + groups * 7.0 + INSTRUCTIONS_PER_INPUT * depth + 150.0
        return batches(op) * vector


def is_pointwise(op: OpView) -> bool:
    """Whether each pixel of the input is in one window at most, in whole words."""
    return op.input(1).shape[1:3] == (1, 1) and op.input().shape[3] % BLOCK == 0


def hybrid_params(op: OpView, depth: int, quantised: int) -> dict[str, Argument]:
    """Values of an mr_hybrid_fpu for `depth` products an output; `quantised` is that place in the
    scratch."""
    asymmetric = quantises_asymmetrically(op)
    return {
        "input": In(0),
        "weights": Const("weights"),
        "channels": Const("channels"),
        "quantised": Scratch(quantised),
        "depth": depth,
        "groups": -(-depth // BLOCK),
        "outputs": op.output().shape[-1],
        **limit_params(op),
        "asymmetric": int(asymmetric),
        "scales_first": int(asymmetric and op.op.kind == "CONV_2D"),
    }


def hybrid_constants(op: OpView, weights: Array, lanes: int) -> tuple[Constant, ...]:
    """`weights` [output, input] packed for `lanes` outputs at a time, and scales and biases."""
    outputs = weights.shape[0]
    scales = np.resize(np.array(weight_scales(op), np.float32), outputs)
    channels = np.stack([scales, float_biases(op, outputs)], axis=1)
    return (
        Constant("weights", pack_words(weights, lanes), alignment=4),
        Constant("channels", channels.reshape(-1)),
    )


def pack_words(weights: Array, lanes: int) -> Array:
    """[output, input] as int8 [block of outputs][group of inputs][lanes][BLOCK], filled up with
    zeros."""
    outputs, inputs = weights.shape
    padded = np.zeros((-(-outputs // lanes) * lanes, -(-inputs // BLOCK) * BLOCK), np.int8)
    padded[:outputs, :inputs] = weights
    return padded.reshape(-1, lanes, padded.shape[1] // BLOCK, BLOCK).swapaxes(1, 2).reshape(-1)


KERNELS = (Conv2DHybridFpu(), FullyConnectedHybridFpu())
