# SPDX-License-Identifier: Apache-2.0
"""Builds small .tflite files for tests.

    builder = ModelBuilder()
    x = builder.tensor("x", [1, 8, 8, 3], scale=0.5, zero_point=-3)
    w = builder.tensor("w", [4, 3, 3, 3], data=weights, scale=[0.1] * 4, axis=0)
    bias = builder.constant("bias", zeros, scale=[0.05] * 4)
    y = builder.tensor("y", [1, 8, 8, 4], scale=0.25)
    builder.op("CONV_2D", [x, w, bias], [y], {"padding": "SAME", "strideW": 1, "strideH": 1})
    model = builder.build([x], [y])

Options are named as in the schema's object API (`fusedActivationFunction`, `dilationHFactor`);
enums may be given by name. Nothing is checked: tests build broken models with it, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Array = npt.NDArray[Any]
SignatureNames = Mapping[str, int]

_OPTION_TABLES = {
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "L2_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
    "REDUCE_MAX": "ReducerOptions",
    "REDUCE_MIN": "ReducerOptions",
    "REDUCE_PROD": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MINIMUM": "MaximumMinimumOptions",
}
"""Operators whose options table is not named after them."""

_ENUMS = {
    "padding": schema.Padding,
    "fusedActivationFunction": schema.ActivationFunctionType,
    "weightsFormat": schema.FullyConnectedOptionsWeightsFormat,
    "mode": schema.MirrorPadMode,
    "inDataType": schema.TensorType,
    "outDataType": schema.TensorType,
    "outputType": schema.TensorType,
    "quantizedBiasType": schema.TensorType,
}


@dataclass
class ModelBuilder:
    """Collects tensors and ops of one subgraph; `build` serialises them."""

    tensors: list[Any] = field(default_factory=list)
    operators: list[Any] = field(default_factory=list)
    buffers: list[Any] = field(default_factory=lambda: [schema.BufferT()])
    codes: dict[tuple[int, int, str | None], int] = field(default_factory=dict)

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "int8",
        scale: float | Sequence[float] | None = None,
        zero_point: int | Sequence[int] = 0,
        *,
        data: npt.ArrayLike | None = None,
        axis: int = 0,
        is_variable: bool = False,
        shape_signature: Sequence[int] | None = None,
    ) -> int:
        """Adds a tensor (a constant if `data` is given) and returns its index."""
        tensor = schema.TensorT()
        tensor.name = name
        tensor.shape = [int(n) for n in shape]
        tensor.shapeSignature = None if shape_signature is None else list(shape_signature)
        tensor.type = getattr(schema.TensorType, dtype.upper())
        tensor.isVariable = is_variable
        tensor.buffer = 0 if data is None else self._buffer(_stored(data, dtype))
        if scale is not None:
            tensor.quantization = _quantization(scale, zero_point, axis)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, name: str, data: Array, **quantization: Any) -> int:
        """Adds a constant of the shape and type of `data`."""
        return self.tensor(name, data.shape, data.dtype.name, data=data, **quantization)

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Mapping[str, Any] | None = None,
        version: int = 1,
    ) -> int:
        """Adds a builtin operator and returns its index. An absent input is -1."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(getattr(schema.BuiltinOperator, kind), version, None)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        if options is not None:
            table = _options_table(kind)
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, table)
            operator.builtinOptions = _options(table, options)
        self.operators.append(operator)
        return len(self.operators) - 1

    def custom(self, name: str, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        """Adds a custom operator without options and returns its index."""
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(schema.BuiltinOperator.CUSTOM, 1, name)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        self.operators.append(operator)
        return len(self.operators) - 1

    def build(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        signatures: Mapping[str, tuple[SignatureNames, SignatureNames]] | None = None,
        description: str = "",
    ) -> bytes:
        """The file's bytes. `signatures`: key -> ({name: input tensor}, {name: output tensor})."""
        subgraph = schema.SubGraphT()
        subgraph.name = "main"
        subgraph.tensors, subgraph.operators = self.tensors, self.operators
        subgraph.inputs, subgraph.outputs = list(inputs), list(outputs)
        model = schema.ModelT()
        model.version = 3
        model.description = description
        model.operatorCodes = [_operator_code(*code) for code in self.codes]
        model.subgraphs, model.buffers = [subgraph], self.buffers
        model.signatureDefs = [
            _signature(key, *names) for key, names in (signatures or {}).items()
        ] or None
        return serialise(model)

    def _buffer(self, data: Array) -> int:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def _code(self, builtin: int, version: int, custom: str | None) -> int:
        return self.codes.setdefault((builtin, version, custom), len(self.codes))


def serialise(model: Any) -> bytes:
    """The bytes of a `schema.ModelT`, for tests that change a parsed model."""
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _stored(data: npt.ArrayLike, dtype: str) -> Array:
    """Elements as the file holds them: those of int4 two to a byte, the lower half first."""
    if dtype != "int4":
        return np.asarray(data, dtype)
    halves = np.asarray(data, np.int64).reshape(-1) & 15
    halves = np.pad(halves, (0, len(halves) % 2))
    return (halves[0::2] | halves[1::2] << 4).astype(np.uint8)


def _quantization(
    scale: float | Sequence[float], zero_point: int | Sequence[int], axis: int
) -> Any:
    scales = np.atleast_1d(np.asarray(scale, np.float32))
    zero_points = np.broadcast_to(np.asarray(zero_point, np.int64), scales.shape)
    quantization = schema.QuantizationParametersT()
    quantization.scale, quantization.zeroPoint = scales, zero_points.copy()
    quantization.quantizedDimension = axis
    return quantization


def _options_table(kind: str) -> str:
    """`Conv2DOptions` for CONV_2D: the schema spells table names in its own mixture of cases."""
    wanted = f"{kind}_OPTIONS".replace("_", "").lower()
    found = [name for name in vars(schema.BuiltinOptions) if name.lower() == wanted]
    return _OPTION_TABLES.get(kind) or found[0]


def _options(table: str, values: Mapping[str, Any]) -> Any:
    options = getattr(schema, f"{table}T")()
    for name, value in values.items():
        if not hasattr(options, name):
            raise AttributeError(f"{table} has no field {name}")
        is_name = isinstance(value, str) and name in _ENUMS
        setattr(options, name, getattr(_ENUMS[name], value) if is_name else value)
    return options


def _operator_code(builtin: int, version: int, custom: str | None) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode, code.version, code.customCode = builtin, version, custom
    code.deprecatedBuiltinCode = min(builtin, 127)
    return code


def _signature(key: str, inputs: SignatureNames, outputs: SignatureNames) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey = key
    signature.inputs = [_named(name, tensor) for name, tensor in inputs.items()]
    signature.outputs = [_named(name, tensor) for name, tensor in outputs.items()]
    return signature


def _named(name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, tensor
    return entry
