# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from microlith.ops.attributes import (
    Extent,
    activation_rules,
    decode_activation,
    decode_padding,
    padding_rules,
    window_extent,
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("same", 10, 3, 1, 1), Extent(10, 1, 1)),
        (("same", 10, 3, 2, 1), Extent(5, 0, 1)),
        (("same", 10, 4, 1, 1), Extent(10, 1, 2)),
        (("same", 10, 3, 1, 3), Extent(10, 3, 3)),
        (("same", 5, 1, 2, 1), Extent(3, 0, 0)),
        (("same", 2, 7, 1, 1), Extent(2, 3, 3)),
        (("valid", 10, 3, 1, 1), Extent(8, 0, 0)),
        (("valid", 10, 3, 2, 1), Extent(4, 0, 0)),
        (("valid", 10, 4, 3, 2), Extent(2, 0, 0)),
        (("valid", 3, 3, 5, 1), Extent(1, 0, 0)),
        (("valid", 2, 3, 1, 1), Extent(0, 0, 0)),
        (("valid", 2, 9, 2, 1), Extent(0, 0, 0)),
    ],
)
def test_window_extent(arguments: tuple[str, int, int, int, int], expected: Extent) -> None:
    assert window_extent(*arguments) == expected


def test_values_outside_the_schema_are_named_and_rejected() -> None:
    assert decode_activation(3) == "relu6"
    assert decode_padding(0) == "same"
    assert [rule.what for rule in activation_rules(decode_activation(-1))]
    assert "unknown(9)" in next(padding_rules(decode_padding(9))).what
    assert not list(activation_rules("relu"))
    assert not list(padding_rules("valid"))
    assert "tanh" in next(activation_rules("tanh")).what
