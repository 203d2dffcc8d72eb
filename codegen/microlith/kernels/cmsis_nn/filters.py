# SPDX-License-Identifier: Apache-2.0
"""What convolutions by CMSIS-NN have in common."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from microlith.ir.graph import Array, DType, OpView
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Lowering, Out, Scratch, wrong_type
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, Variant, variant
from microlith.kernels.cmsis_nn.limits import overflows
from microlith.kernels.cmsis_nn.scratch import is_one_row, is_pointwise, total_padding
from microlith.kernels.portable.accumulate import channel_multipliers
from microlith.kernels.portable.conv import Geometry, conv_window, geometry
from microlith.kernels.portable.window import too_large
from microlith.kernels.quantize_math import activation_range
from microlith.targets.target import Target


class FilterKernel(CmsisNNKernel):
    """A convolution of int8 elements."""

    params = "mr_cmsis_nn_filter_params"

    @abstractmethod
    def scratch(self, kind: Variant, op: OpView) -> int:
        """Bytes that the library asks for."""

    def rejects(self, op: OpView) -> str | None:
        channels = max(op.input().shape[3], op.output().shape[3])
        extents = conv_window(op) | {"channels": channels, "batches": op.input().shape[0]}
        reason = wrong_type(op, DType.INT8) or too_large(extents)
        return reason or overflows(op, geometry(op).weights)

    def lower(self, op: OpView, target: Target) -> Lowering:
        size = self.scratch(variant(target), op)
        return Lowering(
            params=filter_params(op, geometry(op), size),
            constants=filter_constants(op, self.biases(op)),
            scratch=size,
        )

    def biases(self, op: OpView) -> Array:
        """The bias in the type that the library takes, or zeros."""
        data = op.input(2).data if op.has_input(2) else None
        return np.zeros(op.output().shape[3], np.int32) if data is None else data.reshape(-1)


def filter_params(op: OpView, shape: Geometry, scratch: int) -> dict[str, Argument]:
    """Values of an mr_cmsis_nn_filter_params."""
    least, most = activation_range(op.attributes.activation, op.output())
    batches, _, _, channels = op.input().shape
    return {
        "input": In(0),
        "output": Out(),
        "weights": In(1),
        "biases": Const("biases"),
        "multipliers": Const("multipliers"),
        "shifts": Const("shifts"),
        "scratch": Scratch() if scratch else 0,
        "scratch_size": scratch,
        "window": shape.window,
        "batches": batches,
        "in_channels": channels,
        "filter_channels": shape.group_inputs,
        "out_channels": op.output().shape[3],
        "input_offset": -op.input().zero_point,
        "output_offset": op.output().zero_point,
        "least": least,
        "most": most,
    }


def filter_constants(op: OpView, biases: Array) -> tuple[Constant, ...]:
    """Constants of a convolution that its parameters name."""
    outputs = op.output().shape[3]
    multipliers, shifts = channel_multipliers(op, outputs)
    return (
        Constant("biases", biases),
        multipliers,
        Constant("shifts", shifts.values.astype(np.int32)),
    )


def group_defect(op: OpView) -> str | None:
    """Why the library cannot run a convolution in groups, or None. It tells the scratch of other
    functions than the one that it chooses for groups."""
    window, groups = conv_window(op), geometry(op).groups
    if groups > 1 and (is_pointwise(window) or is_one_row(window, op.input().shape[3])):
        return "is in groups and of one row or pixel: CMSIS-NN asks for too little scratch"
    return None


def one_row_defect(op: OpView, channels: int) -> str | None:
    """Why the library's function for images of one row is wrong with Helium, or None.

    It takes the columns that windows leave out for padding; it expects each padded window to hold
    one column of padding more than the one before; and it copies a whole window of input.
    """
    window = conv_window(op)
    if is_pointwise(window) or not is_one_row(window, channels):
        return None
    padding = total_padding(window)
    if padding < 0:
        return "leaves columns out, which CMSIS-NN takes for padding in images of one row"
    if padding > 0 and window["stride_width"] > 1:
        return "pads an image of one row with a stride, where CMSIS-NN is wrong"
    if padding > 0 and window["kernel_width"] > window["in_width"]:
        return "has a filter wider than its image of one row, where CMSIS-NN is wrong"
    return None
