# SPDX-License-Identifier: Apache-2.0
"""Layers with int8 weights between float32 activations, in portable C.

The reference quantises each image of the input (each vector of a fully connected layer) to its own
range. Convolutions whose filter has one scale use symmetric quantisation, all others a zero point;
a fully connected layer says which in its options.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Lowering, Scratch
from microlith.kernels.portable.accumulate import MOST_PRODUCTS, float_biases
from microlith.kernels.portable.conv import (
    ConvKernel,
    Geometry,
    conv_params,
    float_output_params,
    geometry,
    pack,
    pack_biases,
)
from microlith.kernels.portable.depthwise import DepthwiseKernel, depthwise_params, pointer_bytes
from microlith.kernels.portable.fully_connected import FullyConnectedKernel, layer_params
from microlith.ops.conv import is_hybrid
from microlith.ops.fully_connected import batches
from microlith.targets.target import Target

INSTRUCTIONS_PER_INPUT = 35.0
"""To find the range of the input and to quantise it."""


def quantises_asymmetrically(op: OpView) -> bool:
    """Whether the reference quantises the input of a hybrid `op` with a zero point."""
    if op.op.kind == "FULLY_CONNECTED":
        return bool(op.attributes.asymmetric_inputs)
    if op.op.kind == "DEPTHWISE_CONV_2D" or op.input().shape[3] != op.input(1).shape[3]:
        return True
    return len(set(weight_scales(op))) > 1


def weight_scales(op: OpView) -> tuple[float, ...]:
    """Scales of the weights: one, or one for each output channel."""
    quantization = op.input(1).quantization
    assert quantization is not None
    return quantization.scales


def rejects_hybrid(op: OpView, asymmetric: bool) -> str | None:
    """Why a hybrid kernel for such a quantisation cannot run `op`, or None."""
    if not is_hybrid(op):
        return "is for float32 activations and int8 weights"
    if quantises_asymmetrically(op) != asymmetric:
        return f"is for {'asymmetric' if asymmetric else 'symmetric'} quantisation of the input"
    products = op.input(1).elements // op.output().shape[-1]
    if products > MOST_PRODUCTS:
        return f"sums {products} products an output, more than {MOST_PRODUCTS}"
    return None


def hybrid_params(op: OpView) -> dict[str, Argument]:
    """Values of an mr_hybrid."""
    asymmetric = quantises_asymmetrically(op)
    return {
        "input": In(0),
        "scales": Const("scales"),
        "weight_sums": Const("weight_sums") if asymmetric else 0,
        **float_output_params(op),
        "per_channel": int(len(_factors(op)) > 1),
        "scales_first": int(asymmetric and op.op.kind == "CONV_2D"),
    }


def hybrid_constants(op: OpView, weights: Array) -> tuple[Constant, ...]:
    """Constants that an mr_hybrid refers to, for `weights` [output, ...]."""
    scales = Constant("scales", np.array(_factors(op), np.float32))
    if not quantises_asymmetrically(op):
        return (scales,)
    sums = weights.reshape(weights.shape[0], -1).sum(axis=1, dtype=np.int32)
    return (scales, Constant("weight_sums", sums))


def _factors(op: OpView) -> tuple[float, ...]:
    """The scales of the weights; one where they are all equal."""
    scales = weight_scales(op)
    return scales if len(set(scales)) > 1 else scales[:1]


def quantised_image(
    op: OpView, pads: bool, padding: int, offset: int
) -> tuple[dict[str, Argument], int]:
    """Parameters `input` and `padding` of a convolution whose scratch has, from `offset` on, a
    quantised image and then `padding` bytes, if it `pads`; and the end of all that."""
    _, height, width, channels = op.input().shape
    pitch = width * channels
    end = offset + height * pitch
    rows: dict[str, Argument] = {"base": Scratch(offset), "pitch": pitch, "capacity": height}
    params: dict[str, Argument] = {"input": rows, "padding": Scratch(end) if pads else 0}
    return params, end + (padding if pads else 0)


class ConvHybrid(ConvKernel):
    name = "conv_2d_hybrid"
    source = "hybrid"
    function = "mr_conv_2d_hybrid"
    params = "mr_conv_2d_hybrid_params"
    dtype = DType.INT8
    asymmetric: ClassVar[bool] = False
    instructions_per_mac = 1.75
    instructions_per_output = 60.0

    def wrong_types(self, op: OpView) -> str | None:
        return rejects_hybrid(op, self.asymmetric)

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        _, _, width, channels = op.input().shape
        windows = self.scratch(shape, target)
        places, scratch = quantised_image(op, shape.pads, width * channels, windows)
        weights = Constant("weights", pack(shape.weights, shape.groups).reshape(-1))
        return Lowering(
            params={"conv": conv_params(op, shape) | places, **self.output_params(op)},
            constants=(weights, *self.output_constants(op, shape)),
            scratch=scratch,
            in_place=(0,),
        )

    def output_constants(self, op: OpView, shape: Geometry) -> tuple[Constant, ...]:
        biases = pack_biases(float_biases(op, shape.weights.shape[0]), shape.groups)
        return (Constant("biases", biases), *hybrid_constants(op, shape.weights))

    def output_params(self, op: OpView) -> dict[str, Argument]:
        return {"hybrid": hybrid_params(op), "batches": op.input().shape[0]}

    def cost(self, op: OpView, target: Target) -> float:
        return super().cost(op, target) + INSTRUCTIONS_PER_INPUT * op.input().elements


class ConvHybridAsymmetric(ConvHybrid):
    name = "conv_2d_hybrid_asymmetric"
    function = "mr_conv_2d_hybrid_asymmetric"
    asymmetric = True


class DepthwiseHybrid(DepthwiseKernel):
    name = "depthwise_conv_2d_hybrid"
    source = "hybrid"
    function = "mr_depthwise_conv_2d_hybrid"
    params = "mr_depthwise_conv_2d_hybrid_params"
    dtype = DType.INT8

    def wrong_types(self, op: OpView) -> str | None:
        return rejects_hybrid(op, asymmetric=True)

    def lower(self, op: OpView, target: Target) -> Lowering:
        shape = geometry(op)
        weights = op.input(1).data
        assert weights is not None
        pointers = pointer_bytes(shape, target)
        places, scratch = quantised_image(op, shape.pads, op.input().shape[3], pointers)
        return Lowering(
            params={"conv": depthwise_params(op, shape) | places, **self.output_params(op)},
            constants=(
                Constant("weights", weights.reshape(-1)),
                *self.output_constants(op, shape.weights),
            ),
            scratch=scratch,
            in_place=(0,),
        )

    def output_constants(self, op: OpView, weights: Array) -> tuple[Constant, ...]:
        biases = float_biases(op, weights.shape[0])
        return (Constant("biases", biases), *hybrid_constants(op, weights))

    def output_params(self, op: OpView) -> dict[str, Argument]:
        return {"hybrid": hybrid_params(op), "batches": op.input().shape[0]}

    def cost(self, op: OpView, target: Target) -> float:
        return super().cost(op, target) + INSTRUCTIONS_PER_INPUT * op.input().elements


class FullyConnectedHybrid(FullyConnectedKernel):
    name = "fully_connected_hybrid"
    source = "hybrid"
    function = "mr_fully_connected_hybrid"
    params = "mr_fully_connected_hybrid_params"
    asymmetric: ClassVar[bool] = False
    instructions_per_mac = 2.8
    instructions_per_output = 45.0

    def rejects(self, op: OpView) -> str | None:
        return rejects_hybrid(op, self.asymmetric)

    def lower(self, op: OpView, target: Target) -> Lowering:
        weights = op.input(1).data
        assert weights is not None
        units, depth = weights.shape
        return Lowering(
            params={
                "layer": layer_params(op) | {"input": Scratch()},
                "hybrid": hybrid_params(op),
            },
            constants=(
                Constant("biases", float_biases(op, units)),
                *hybrid_constants(op, weights),
            ),
            scratch=depth,
            in_place=(0,),
        )

    def cost(self, op: OpView, target: Target) -> float:
        quantisation = INSTRUCTIONS_PER_INPUT * batches(op) * op.input(1).shape[1]
        return super().cost(op, target) + quantisation


class FullyConnectedHybridAsymmetric(FullyConnectedHybrid):
    name = "fully_connected_hybrid_asymmetric"
    function = "mr_fully_connected_hybrid_asymmetric"
    asymmetric = True


KERNELS = (
    ConvHybrid(),
    ConvHybridAsymmetric(),
    DepthwiseHybrid(),
    FullyConnectedHybrid(),
    FullyConnectedHybridAsymmetric(),
)
