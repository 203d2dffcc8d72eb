# SPDX-License-Identifier: Apache-2.0
"""Which values each channel of an int8 tensor can take, whatever the model's input.

A channel is a slice of the last axis. Its range is an interval that holds every element of it, on
every input; a channel whose interval is one value is constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from microlith.ir.graph import Array, DType, OpView, Subgraph, Tensor
from microlith.ops import BY_NAME
from microlith.ops.base import check

LEAST, MOST = -128, 127
"""Ends of int8."""


@dataclass(frozen=True, eq=False)
class Ranges:
    """Ends of the interval of each channel, both included: int64[channels]."""

    low: Array
    high: Array

    @property
    def constant(self) -> Array:
        """bool[channels]: which hold one value."""
        fixed: Array = self.low == self.high
        return fixed


MOST_CHANNELS = 1 << 14
"""Channels of a tensor that is looked at: far more than layers have, few enough to be quick."""

Rule = Callable[[OpView, Sequence[Ranges]], Ranges]
"""Ranges of an op's result from those of its inputs, in their order."""


def channels_of(tensor: Tensor) -> int:
    """Length of a tensor's last axis; a scalar has one channel."""
    return tensor.shape[-1] if tensor.shape else 1


def channel_ranges(subgraph: Subgraph, rules: Mapping[str, Rule]) -> dict[int, Ranges]:
    """Ranges of the int8 tensors of `subgraph` with at most MOST_CHANNELS. A result has the whole
    range of its type where its operator has no rule, or the op is not one that the operator's
    declaration understands."""
    found = {
        index: _given(tensor)
        for index, tensor in enumerate(subgraph.tensors)
        if tensor.dtype == DType.INT8 and channels_of(tensor) <= MOST_CHANNELS
    }
    for op in subgraph.ops:
        if (ranges := _result(subgraph.view(op), found, rules)) is not None:
            found[op.outputs[0]] = ranges
    return found


def _given(tensor: Tensor) -> Ranges:
    """Ranges of what no op computes: data of a constant, else the whole type."""
    channels = channels_of(tensor)
    if tensor.data is not None and tensor.elements:
        rows = tensor.data.reshape(-1, channels).astype(np.int64)
        return Ranges(rows.min(axis=0), rows.max(axis=0))
    return whole(channels)


def whole(channels: int) -> Ranges:
    """The range of the type, for each channel."""
    return Ranges(np.full(channels, LEAST, np.int64), np.full(channels, MOST, np.int64))


def _result(op: OpView, known: Mapping[int, Ranges], rules: Mapping[str, Rule]) -> Ranges | None:
    rule = rules.get(op.op.kind)
    first = op.op.inputs[0] if op.op.inputs else -1
    if rule is None or op.op.outputs[0] not in known or first not in known or not understood(op):
        return None
    eight = [i for i in op.op.inputs if i >= 0 and op.tensors[i].dtype == DType.INT8]
    return rule(op, [known[i] for i in eight]) if all(i in known for i in eight) else None


def understood(op: OpView) -> bool:
    """Whether an op keeps all rules of its operator's declaration."""
    operator = BY_NAME.get(op.op.kind)
    return operator is not None and not any(True for _ in check(operator, op))
