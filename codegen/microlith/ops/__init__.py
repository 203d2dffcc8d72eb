# SPDX-License-Identifier: Apache-2.0
"""All operators, in one visible place: adding one is a class in its family's module."""

from __future__ import annotations

from microlith.ops import activation, pooling, reduce
from microlith.ops.base import Operator

OPERATORS: tuple[Operator, ...] = (
    *activation.OPERATORS,
    *pooling.OPERATORS,
    *reduce.OPERATORS,
)

BY_NAME = {operator.name: operator for operator in OPERATORS}
