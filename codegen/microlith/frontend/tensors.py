# SPDX-License-Identifier: Apache-2.0
"""Tensors of a file: element types, shapes, quantisation and the bytes of constants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache

import numpy as np

from microlith.errors import ModelError, Problem
from microlith.frontend import schema
from microlith.frontend.flatbuffer import DAMAGED, Reader
from microlith.ir.graph import Array, DType, Quantization, Tensor

MAX_RANK = 32
"""Dimensions that NumPy can hold in every version; operators take far fewer."""

_BITS = {DType.INT2: 2, DType.INT4: 4, DType.UINT4: 4, DType.FLOAT8: 8, DType.BFLOAT16: 16}
_UNSIZED = frozenset([DType.STRING, DType.RESOURCE, DType.VARIANT])

FIXED_SHAPES = "convert the model with fixed input shapes"


class Constants:
    """Bytes of the file's buffers, read-only. A buffer is copied once, however many tensors name
    it: the file aligns it to 4 bytes at most, a NumPy array wants its natural alignment."""

    def __init__(self, reader: Reader, buffers: tuple[schema.Buffer, ...]) -> None:
        self._reader = reader
        self._buffers = buffers
        self.array = cache(self._array)

    def _array(self, index: int) -> Array | None:
        """Buffer `index` as uint8, or None when it holds nothing. Buffer 0 means "none"."""
        if index == 0:
            return None
        if index >= len(self._buffers):
            raise ModelError(
                f"buffer {index} is missing (the file has {len(self._buffers)})", fix=DAMAGED
            )
        buffer = self._buffers[index]
        view = buffer.data
        if view is None and buffer.offset > 1:
            view = self._reader.window(buffer.offset, buffer.size, f"buffer {index}")
        if view is None:
            return None
        array = np.frombuffer(view, np.uint8).copy()
        array.setflags(write=False)
        return array


def read_tensor(record: schema.Tensor, constants: Constants) -> Tensor:
    """The tensor that `record` declares. A dynamic extent becomes 1, as LiteRT allocates it."""
    dtype = schema.element_type(record.type)
    if dtype is None:
        raise ModelError(
            f"element type {record.type} is unknown", fix="convert the model for an older runtime"
        )
    if len(record.shape) > MAX_RANK or min(record.shape, default=0) < -1:
        raise ModelError(f"shape {_short(record.shape)} is impossible", fix=DAMAGED)
    shape = tuple(1 if extent == -1 else extent for extent in record.shape)
    data = constants.array(record.buffer)
    return Tensor(
        name=record.name,
        dtype=dtype,
        shape=shape,
        quantization=_quantization(record.quantization, len(shape)),
        data=None if data is None else _typed(data, dtype, shape, record.sparsity is not None),
        is_variable=record.is_variable,
    )


def unsupported(record: schema.Tensor, where: str, is_input: bool) -> Iterator[Problem]:
    """What the file says of a tensor and `Tensor` cannot hold.

    A converter marks the batch as dynamic (-1 in the signature, 1 in the shape) unless told
    otherwise: that is batch 1, and so are the extents of later tensors that follow from it.
    """
    signature = record.shape_signature if is_input else ()
    if -1 in record.shape or -1 in signature[1:]:
        yield Problem(f"shape {_short(signature or record.shape)} is dynamic", where, FIXED_SHAPES)
    if record.sparsity is not None:
        yield Problem(
            "the constant is stored sparse", where, "convert the model with dense weights"
        )
    if record.external_buffer:
        yield Problem(
            "the constant lies in another file", where, "convert the model into a single file"
        )
    if record.quantization is not None and record.quantization.details_type:
        yield Problem(
            "the quantisation is custom or by blocks",
            where,
            "quantise the model per tensor or per channel",
        )


def _typed(data: Array, dtype: DType, shape: tuple[int, ...], is_sparse: bool) -> Array:
    """Bytes of a constant as an array of its shape; raw where NumPy lacks the type."""
    if dtype in _UNSIZED or is_sparse:
        return data
    elements = math.prod(shape)
    expected = (elements * _BITS.get(dtype, 8 * dtype.size) + 7) // 8
    if data.size != expected:
        raise ModelError(
            f"{dtype.value}{_short(shape)} takes {expected} bytes, but its buffer has {data.size}",
            fix=DAMAGED,
        )
    return data.view(dtype.numpy.newbyteorder("<")).reshape(shape) if dtype.has_numpy else data


def _quantization(record: schema.QuantizationParameters | None, rank: int) -> Quantization | None:
    """Quantisation of a tensor of this rank. A single scale of 0 says that there is none."""
    if record is None or record.scale in ((), (0.0,)):
        return None
    scales, zero_points = record.scale, record.zero_point or (0,)
    if len(zero_points) == 1:
        zero_points *= len(scales)
    if len(zero_points) != len(scales):
        raise ModelError(
            f"quantisation has {len(scales)} scales but {len(zero_points)} zero points",
            fix=DAMAGED,
        )
    # Biases of real files carry the axis of their weights, which is beyond their own rank.
    axis = min(max(record.quantized_dimension, 0), max(rank - 1, 0))
    return Quantization(scales, zero_points, axis)


def _short(shape: tuple[int, ...]) -> str:
    """A shape for messages, cut where a damaged file makes it endless."""
    extents = ",".join(str(extent) for extent in shape[:8])
    return f"[{extents}{',...' if len(shape) > 8 else ''}]"
