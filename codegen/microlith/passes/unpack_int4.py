# SPDX-License-Identifier: Apache-2.0
"""Weights of 4 bits, two to a byte in the file, become int8: kernels know these alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microlith.ir.graph import Array, DType, Subgraph, Tensor
from microlith.passes.base import Pass, per_subgraph


def unpack_int4(subgraph: Subgraph) -> Subgraph:
    """Unpacks all constants of int4, which doubles their bytes."""
    return replace(subgraph, tensors=tuple(_unpacked(tensor) for tensor in subgraph.tensors))


def _unpacked(tensor: Tensor) -> Tensor:
    if tensor.dtype != DType.INT4 or tensor.data is None:
        return tensor
    values = nibbles(tensor.data)[: tensor.elements].reshape(tensor.shape)
    return replace(tensor, dtype=DType.INT8, data=values)


def nibbles(packed: Array) -> Array:
    """Two's complement numbers of 4 bits from bytes, the lower half of each first. int8."""
    halves = np.stack([packed & 15, packed >> 4], axis=1).reshape(-1).astype(np.int8)
    return (halves ^ 8) - 8


PASS = Pass("unpack_int4", "int4 weights run in the kernels for int8", per_subgraph(unpack_int4))
