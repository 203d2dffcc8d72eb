# SPDX-License-Identifier: Apache-2.0
"""Which rows of its inputs each output row of an op reads.

Said by the parameters of the chosen kernel: an operand given as rows under a window needs the rows
of that window, one given as rows of the output's number the row of the same number, anything else
all of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from microlith.ir.graph import OpView, Subgraph
from microlith.kernels.base import Argument, In, InRows, Lowering
from microlith.lower.bind import row_layout

Span = tuple[int, int]
"""First and last row, both inclusive; the last before the first where no row is read."""

NONE = (0, -1)
"""No row."""


@dataclass(frozen=True)
class Reads:
    """Rows of the storage of an input. `spans` has an entry an output row; `layout` is the number
    and pitch of the rows, None when the kernel needs all bytes in one piece."""

    position: int
    storage: int
    layout: tuple[int, int] | None
    spans: tuple[Span, ...]


def reads_of(op: OpView, lowering: Lowering, main: Subgraph) -> tuple[Reads, ...]:
    """What the op reads of inputs that are not constant."""
    windows = dict(_operands(lowering.params, None))
    found = []
    for position, index in enumerate(op.op.inputs):
        if index < 0 or main.tensors[main.storage(index)].is_constant:
            continue
        count, pitch = row_layout(op.tensors[index])
        window, by_rows = windows.get(position, (None, False))
        spans: Sequence[Span] = [(0, count - 1)] * lowering.rows
        if by_rows and window is not None:
            spans = window_spans(window, lowering.rows)
        elif by_rows and count in (lowering.rows, lowering.lead_rows):
            spans = [(row, row) if row < count else NONE for row in range(lowering.rows)]
        layout = (count, pitch) if by_rows else None
        found.append(Reads(position, main.storage(index), layout, tuple(spans)))
    return tuple(found)


def window_spans(window: Mapping[str, int], rows: int) -> list[Span]:
    """Rows under an mr_window for each output row, images of a batch numbered through."""
    height = window["in_height"]
    reach = (window["kernel_height"] - 1) * window["dilation_height"]
    spans = []
    for row in range(rows):
        image, y = divmod(row, window["out_height"])
        top = y * window["stride_height"] - window["pad_top"]
        base = image * height
        spans.append((base + max(top, 0), base + min(top + reach, height - 1)))
    return spans


def rows_of(spans: Sequence[Span]) -> range:
    """All rows from the first to the last that any of them reads."""
    read = [span for span in spans if span[0] <= span[1]]
    return range(min((a for a, _ in read), default=0), max((b for _, b in read), default=-1) + 1)


Operand = tuple[int, tuple[Mapping[str, int] | None, bool]]


def _operands(
    argument: Argument | Mapping[str, Argument], window: Mapping[str, int] | None
) -> list[Operand]:
    """(input, (window, whether it is given as rows)) for each input that parameters refer to."""
    match argument:
        case InRows(position):
            return [(position, (window, True))]
        case In(position):
            return [(position, (None, False))]
        case Mapping():
            found = argument.get("window")
            if isinstance(found, Mapping):
                window = {name: value for name, value in found.items() if isinstance(value, int)}
            return [o for item in argument.values() for o in _operands(item, window)]
        case list() | tuple():
            return [o for item in argument for o in _operands(item, window)]
        case _:
            return []
