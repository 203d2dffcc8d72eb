# SPDX-License-Identifier: Apache-2.0
"""Samples as the firmware reads and writes them: the bytes of one sample after the other's."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from microlith.errors import InputError, ToolError
from microlith.ir.graph import Array
from microlith.ir.program import Port

TraceKey = tuple[int, int]
"""Index of an op in the model file, and of an output of that op."""

_RECORD = struct.Struct("<6I")
"""mr_trace_record of micro_runtime/port/harness.h."""


def pack(ports: Sequence[Port], arrays: Mapping[str, Array]) -> tuple[bytes, int]:
    """The bytes of all samples, and their number.

    `arrays` has an array [samples, *shape] for each port's key; InputError tells what does not
    fit. A model without inputs has one sample.
    """
    _check_names(ports, arrays)
    if not ports:
        return b"", 1
    samples = len(arrays[ports[0].key]) if arrays[ports[0].key].ndim else 0
    if samples == 0:
        raise InputError("there are no samples", where=f"input {ports[0].key}")
    columns = [_bytes_of(port, arrays[port.key], samples) for port in ports]
    return np.concatenate(columns, axis=1).tobytes(), samples


def _check_names(ports: Sequence[Port], arrays: Mapping[str, Array]) -> None:
    expected = {port.key for port in ports}
    missing = sorted(expected - set(arrays))
    unknown = sorted(set(arrays) - expected)
    if missing or unknown:
        facts = [f"{name!r} is missing" for name in missing]
        facts += [f"{name!r} is not an input" for name in unknown]
        raise InputError(
            ", ".join(facts), where="samples", fix=f"the inputs are {sorted(expected)}"
        )


def _bytes_of(port: Port, array: Array, samples: int) -> Array:
    """The samples of one port as uint8[samples, nbytes]."""
    expected = (samples, *port.shape)
    if array.shape != expected:
        raise InputError(
            f"shape {list(array.shape)} instead of {list(expected)}",
            where=f"input {port.key}",
            fix="give every input the same number of samples, along the first axis",
        )
    if array.dtype != port.dtype.numpy:
        raise InputError(
            f"elements are {array.dtype} instead of {port.dtype.value}",
            where=f"input {port.key}",
        )
    return np.ascontiguousarray(array).reshape(samples, -1).view(np.uint8)


def unpack(ports: Sequence[Port], data: bytes, samples: int) -> dict[str, Array]:
    """Arrays [samples, *shape] by port key, from the bytes that the firmware wrote."""
    size = sum(port.nbytes for port in ports)
    if len(data) != size * samples:
        raise ToolError(f"the firmware wrote {len(data)} bytes instead of {samples} x {size}")
    table = np.frombuffer(data, np.uint8).reshape(samples, size)
    arrays: dict[str, Array] = {}
    start = 0
    for port in ports:
        column = np.ascontiguousarray(table[:, start : start + port.nbytes])
        arrays[port.key] = column.view(port.dtype.numpy).reshape(samples, *port.shape)
        start += port.nbytes
    return arrays


def unpack_trace(data: bytes, samples: int) -> dict[TraceKey, Array]:
    """Every op's outputs as uint8[samples, rows * row_bytes], put together from bands of rows."""
    bands: dict[TraceKey, list[tuple[int, int, Array]]] = {}
    position = 0
    while position < len(data):
        sample, op, output, first, count, row_bytes = _RECORD.unpack_from(data, position)
        position += _RECORD.size
        rows = np.frombuffer(data, np.uint8, count * row_bytes, position)
        position += count * row_bytes
        bands.setdefault((op, output), []).append((sample, first * row_bytes, rows))
    return {key: _assemble(parts, samples) for key, parts in bands.items()}


def _assemble(parts: Sequence[tuple[int, int, Array]], samples: int) -> Array:
    size = max(start + len(rows) for _, start, rows in parts)
    whole = np.zeros((samples, size), np.uint8)
    for sample, start, rows in parts:
        whole[sample, start : start + len(rows)] = rows
    return whole
