# SPDX-License-Identifier: Apache-2.0
"""QUANTIZE and DEQUANTIZE in portable C."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import ClassVar

import numpy as np

from microlith.ir.graph import DType, OpView, Tensor
from microlith.ir.program import Constant
from microlith.kernels.base import Argument, Const, In, Kernel, Lowering, Out
from microlith.kernels.portable.shape import BYTES_PER_INSTRUCTION, copy_lowering
from microlith.kernels.quantize_math import quantize_multiplier
from microlith.ops.quantize import affine
from microlith.targets.target import Target

EIGHT_BITS = (DType.INT8, DType.UINT8)


class QuantizationKernel(Kernel):
    """What the kernels have in common: element types and cost."""

    source = "quantize"
    inputs: ClassVar[tuple[DType, ...]]
    outputs: ClassVar[tuple[DType, ...]]
    instructions: ClassVar[float]
    """Estimated instructions an element."""

    def rejects(self, op: OpView) -> str | None:
        if op.input().dtype in self.inputs and op.output().dtype in self.outputs:
            return None
        return f"is for {_names(self.inputs)} to {_names(self.outputs)}"

    def cost(self, op: OpView, target: Target) -> float:
        return self.instructions * op.output().elements


class QuantizeFloat8(QuantizationKernel):
    name = "quantize_f32_8"
    operators = ("QUANTIZE",)
    function = "mr_quantize_f32_8"
    params = "mr_affine_params"
    inputs = (DType.FLOAT32,)
    outputs: ClassVar[tuple[DType, ...]] = EIGHT_BITS
    instructions = 30.0

    def lower(self, op: OpView, target: Target) -> Lowering:
        return _affine_lowering(op.output(), in_place=(0,))


class QuantizeFloat16(QuantizeFloat8):
    name = "quantize_f32_s16"
    function = "mr_quantize_f32_s16"
    outputs = (DType.INT16,)


class Requantize8(QuantizationKernel):
    name = "requantize_8"
    operators = ("QUANTIZE",)
    function = "mr_requantize_8"
    params = "mr_requantize_params"
    inputs: ClassVar[tuple[DType, ...]] = EIGHT_BITS
    outputs: ClassVar[tuple[DType, ...]] = EIGHT_BITS
    instructions = 30.0

    def lower(self, op: OpView, target: Target) -> Lowering:
        source, result = op.input(), op.output()
        multiplier, shift = quantize_multiplier(source.scale / result.scale)
        limits = np.iinfo(result.dtype.numpy)
        params: dict[str, Argument] = {
            "input": In(0),
            "output": Out(0),
            "count": result.elements,
            "input_sign": 0x80 if source.dtype == DType.INT8 else 0,
            "input_zero_point": source.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "output_zero_point": result.zero_point,
            "low": int(limits.min),
            "high": int(limits.max),
        }
        return Lowering(params=params, in_place=(0,))


class RequantizeWiden(Requantize8):
    name = "requantize_8_s16"
    function = "mr_requantize_8_s16"
    outputs = (DType.INT16,)

    def lower(self, op: OpView, target: Target) -> Lowering:
        return replace(super().lower(op, target), in_place=())


class RequantizeNarrow(Requantize8):
    name = "requantize_s16_8"
    function = "mr_requantize_s16_8"
    inputs = (DType.INT16,)
    outputs = (DType.INT8,)


class Requantize16(Requantize8):
    name = "requantize_s16"
    function = "mr_requantize_s16"
    inputs = (DType.INT16,)
    outputs = (DType.INT16,)


class RequantizeCopy(QuantizationKernel):
    """Where nothing changes."""

    name = "copy"
    operators = ("QUANTIZE",)
    function = "mr_copy"
    params = "mr_copy_params"
    source = "shape"
    inputs = (*EIGHT_BITS, DType.INT16)
    outputs = (*EIGHT_BITS, DType.INT16)
    instructions = 1 / BYTES_PER_INSTRUCTION

    def rejects(self, op: OpView) -> str | None:
        if op.input().dtype != op.output().dtype or op.input().dtype not in self.inputs:
            return "is for equal integer types"
        same = affine(op.input()) == affine(op.output())
        return None if same else "is for equal scales and zero points"

    def lower(self, op: OpView, target: Target) -> Lowering:
        return copy_lowering(op)


class Dequantize8(QuantizationKernel):
    name = "dequantize_8"
    operators = ("DEQUANTIZE",)
    function = "mr_dequantize_8"
    params = "mr_affine_params"
    inputs: ClassVar[tuple[DType, ...]] = EIGHT_BITS
    outputs = (DType.FLOAT32,)
    instructions = 10.0

    def lower(self, op: OpView, target: Target) -> Lowering:
        return _affine_lowering(op.input())


class Dequantize16(Dequantize8):
    name = "dequantize_s16"
    function = "mr_dequantize_s16"
    inputs = (DType.INT16,)


class DequantizeHalf(QuantizationKernel):
    """For constants that were not folded: float16 in the model's constants is uint16 in C."""

    name = "dequantize_f16"
    operators = ("DEQUANTIZE",)
    function = "mr_dequantize_f16"
    params = "mr_dequantize_f16_params"
    inputs = (DType.FLOAT16,)
    outputs = (DType.FLOAT32,)
    instructions = 16.0

    def rejects(self, op: OpView) -> str | None:
        return super().rejects(op) or (
            None if op.input().is_constant else "float16 tensors must be constants"
        )

    def lower(self, op: OpView, target: Target) -> Lowering:
        data = op.input().data
        assert data is not None, "rejects() was not asked"
        half = Constant("half", data.reshape(-1).view(np.uint16), f"{op.input().name}, as float16")
        return Lowering(
            params={"input": Const("half"), "output": Out(0), "count": data.size},
            constants=(half,),
        )


def _affine_lowering(tensor: Tensor, in_place: tuple[int, ...] = ()) -> Lowering:
    """Lowering for the quantisation of `tensor`, the op's input or output that is quantised."""
    quantization = affine(tensor)
    channels = len(quantization.scales)
    outer = prod(tensor.shape[: quantization.axis]) if quantization.per_channel else 1
    return Lowering(
        params={
            "input": In(0),
            "output": Out(0),
            "scales": Const("scales"),
            "zero_points": Const("zero_points"),
            "outer": outer,
            "channels": channels,
            "inner": tensor.elements // (outer * channels),
            "low": _least(tensor),
        },
        constants=(
            Constant("scales", np.array(quantization.scales, np.float32)),
            Constant("zero_points", np.array(quantization.zero_points, np.int32)),
        ),
        in_place=in_place,
    )


def _least(tensor: Tensor) -> int:
    return int(np.iinfo(tensor.dtype.numpy).min)


def _names(dtypes: tuple[DType, ...]) -> str:
    return " or ".join(dtype.value for dtype in dtypes)


KERNELS = (
    RequantizeCopy(),
    QuantizeFloat8(),
    QuantizeFloat16(),
    Requantize8(),
    RequantizeWiden(),
    RequantizeNarrow(),
    Requantize16(),
    Dequantize8(),
    Dequantize16(),
    DequantizeHalf(),
)
