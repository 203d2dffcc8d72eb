# SPDX-License-Identifier: Apache-2.0
"""All operators, in one visible place: adding one is a class in its family's module."""

from __future__ import annotations

from microlith.ops import (
    activation,
    conv,
    elementwise,
    elementwise_unary,
    fully_connected,
    pooling,
    quantize,
    reduce,
    shape,
)
from microlith.ops.base import Operator

OPERATORS: tuple[Operator, ...] = (
    *activation.OPERATORS,
    *conv.OPERATORS,
    *elementwise.OPERATORS,
    *elementwise_unary.OPERATORS,
    *fully_connected.OPERATORS,
    *pooling.OPERATORS,
    *quantize.OPERATORS,
    *reduce.OPERATORS,
    *shape.OPERATORS,
)

BY_NAME = {operator.name: operator for operator in OPERATORS}
