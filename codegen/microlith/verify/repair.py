# SPDX-License-Identifier: Apache-2.0
"""Repairs defects of a .tflite file that mean nothing, yet make LiteRT refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_QUANTIZED_DIMENSION = 6  # slot of the field in table QuantizationParameters


def repaired(model: bytes) -> bytes:
    """`model`, or a copy in which a `quantized_dimension` beyond its tensor's rank is 0.

    person_detect has that on its biases: 1-D, with the axis of the 4-D weights.
    """
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
