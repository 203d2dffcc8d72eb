# SPDX-License-Identifier: Apache-2.0
"""Repairs defects of a .tflite file that mean nothing, yet make LiteRT refuse or misread it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_QUANTIZED_DIMENSION = 6  # slot of the field in table QuantizationParameters


def repaired(model: bytes) -> bytes:
    """`model`, or a copy without these defects:

    - a `quantized_dimension` beyond its tensor's rank becomes 0 (person_detect has that on its
      biases: 1-D, with the axis of the 4-D weights);
    - the one scale of a hybrid layer's weights is repeated for each output channel where LiteRT
      reads one for each, beyond the end of the list: depthwise and grouped convolutions.
    """
    return _with_scales_for_all(_with_dimensions(model))


def _with_dimensions(model: bytes) -> bytes:
    positions = list(_stray_dimensions(model))
    if not positions:
        return model
    patched = bytearray(model)
    for position in positions:
        patched[position : position + 4] = bytes(4)
    return bytes(patched)


def _stray_dimensions(model: bytes) -> Iterator[int]:
    """Byte positions of the fields to clear."""
    from ai_edge_litert import schema_py_generated as schema

    root = schema.Model.GetRootAs(model, 0)
    for index in range(root.SubgraphsLength()):
        subgraph = root.Subgraphs(index)
        for tensor in (subgraph.Tensors(i) for i in range(subgraph.TensorsLength())):
            quantization = tensor.Quantization()
            if quantization is not None and _is_stray(tensor, quantization):
                table = quantization._tab
                yield table.Pos + table.Offset(4 + 2 * _QUANTIZED_DIMENSION)


def _is_stray(tensor: Any, quantization: Any) -> bool:
    dimension: int = quantization.QuantizedDimension()
    return dimension != 0 and dimension >= tensor.ShapeLength()


def _with_scales_for_all(model: bytes) -> bytes:
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    short = list(_single_scales(model))
    if not short:
        return model
    root = schema.ModelT.InitFromPackedBuf(model, 0)
    for subgraph, index, axis in short:
        tensor = root.subgraphs[subgraph].tensors[index]
        quantization, outputs = tensor.quantization, int(tensor.shape[axis])
        quantization.scale = [float(quantization.scale[0])] * outputs
        quantization.zeroPoint = [0] * outputs
        quantization.quantizedDimension = axis
    builder = flatbuffers.Builder(len(model))
    builder.Finish(root.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _single_scales(model: bytes) -> Iterator[tuple[int, int, int]]:
    """Weights that lack scales: subgraph, tensor, axis of the output channels."""
    from ai_edge_litert import schema_py_generated as schema

    axes = {schema.BuiltinOperator.CONV_2D: 0, schema.BuiltinOperator.DEPTHWISE_CONV_2D: 3}
    root = schema.Model.GetRootAs(model, 0)
    for index in range(root.SubgraphsLength()):
        subgraph = root.Subgraphs(index)
        for operator in (subgraph.Operators(i) for i in range(subgraph.OperatorsLength())):
            code = root.OperatorCodes(operator.OpcodeIndex())
            axis = axes.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()))
            if axis is not None:
                weights = operator.Inputs(1)
                if _lacks_scales(
                    subgraph.Tensors(operator.Inputs(0)), subgraph.Tensors(weights), axis
                ):
                    yield index, weights, axis


def _lacks_scales(source: Any, weights: Any, axis: int) -> bool:
    from ai_edge_litert import schema_py_generated as schema

    types = schema.TensorType
    if source.Type() != types.FLOAT32 or weights.Type() != types.INT8:
        return False
    grouped = axis == 3 or source.Shape(3) != weights.Shape(3)
    scales: int = weights.Quantization().ScaleLength()
    return grouped and scales == 1 and weights.Shape(axis) > 1
