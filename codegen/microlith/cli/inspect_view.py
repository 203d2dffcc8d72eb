# SPDX-License-Identifier: Apache-2.0
"""How `microlith inspect` shows a report on a terminal of 80 columns or more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from microlith.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from microlith.inspection import OpInfo, Report, TensorInfo


def render(report: Report, console: Console) -> None:
    """Prints `report`. Names come from the file: they are printed as they are, without markup."""
    _heading(report, console)
    console.print(_ports(report))
    for signature in report.signatures:
        inputs = ", ".join(name for name, _ in signature.inputs)
        outputs = ", ".join(name for name, _ in signature.outputs)
        _line(console, f"signature {signature.key}: {inputs} -> {outputs}")
    console.print(_operators(report.ops))
    _line(
        console,
        f"{report.macs:,} multiply-accumulates, {report.constant_bytes:,} bytes of constants, "
        f"{report.activation_bytes:,} bytes of activations (before the memory plan overlaps them)",
    )
    _problems(report, console)


def _heading(report: Report, console: Console) -> None:
    about = f" ({report.description})" if report.description else ""
    _line(
        console, f"{report.name}: {len(report.ops)} ops, file of {report.file_size:,} bytes{about}"
    )


def _ports(report: Report) -> Table:
    table = _table("", "name", "type", "scale", "zero point")
    table.columns[1].overflow = "fold"
    for role, tensors in (("input", report.inputs), ("output", report.outputs)):
        for index, tensor in enumerate(tensors):
            table.add_row(
                f"{role} {index}", _plain(tensor.name), tensor.type, *_scale_and_zero(tensor)
            )
    return table


def _scale_and_zero(tensor: TensorInfo) -> tuple[str, str]:
    quantization = tensor.quantization or {}
    if "scale" not in quantization:
        return "", ""
    return f"{quantization['scale']:.6g}", str(quantization["zero_point"])


def _operators(ops: Sequence[OpInfo]) -> Table:
    table = _table("op", "operator", "input", "output", "MACs")
    for index in (0, 4):
        table.columns[index].justify = "right"
    for index in (1, 2, 3):
        table.columns[index].overflow = "fold"
    for op in ops:
        table.add_row(
            str(op.index),
            _plain(op.kind),
            _types([tensor for tensor in op.inputs if tensor and not tensor.constant]),
            _types(op.outputs),
            "?" if op.macs is None else f"{op.macs:,}" if op.macs else "",
        )
    return table


def _types(tensors: Sequence[TensorInfo]) -> str:
    return "\n".join(_plain(tensor.type) for tensor in tensors)


def _problems(report: Report, console: Console) -> None:
    if not report.problems:
        console.print("Everything in it can be compiled.", style="green")
        return
    count = len(report.problems)
    console.print(
        f"It cannot be compiled, for {count} reason{'s' if count > 1 else ''}:", style="red"
    )
    for (what, fix), places in _grouped(report.problems).items():
        _line(console, f"{what}; {fix}", indent=2)
        for place in places:
            _line(console, place or "the model", indent=6)


def _grouped(problems: Sequence[Problem]) -> dict[tuple[str, str], list[str]]:
    """The places of problems that need the same thing done, in the order of their first one."""
    places: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        places.setdefault((problem.what, problem.fix), []).append(problem.where)
    return places


def _table(*headers: str) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        table.add_column(header)
    return table


def _plain(text: str) -> str:
    """Text from a file, safe in a table: brackets are no markup, control codes do nothing."""
    from rich.markup import escape

    return escape(_printable(text))


def _line(console: Console, text: str, indent: int = 0) -> None:
    from rich.padding import Padding
    from rich.text import Text

    line = Text(_printable(text))
    console.print(Padding.indent(line, indent) if indent else line)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
