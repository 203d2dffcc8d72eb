# SPDX-License-Identifier: Apache-2.0
"""Writes docs/OPERATORS.md from the declarations of operators and kernels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from microlith.ops import OPERATORS
from microlith.ops.base import Operator, describe_types

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "OPERATORS.md"

HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by `make docs` from codegen/microlith/ops and kernels; edit these instead. -->
# Operators

What a .tflite file may contain. `microlith inspect MODEL.tflite` lists whatever a model has beyond
this. Integer results are the bytes of LiteRT's reference kernels; float results stay within the
tolerance given, relative to the largest magnitude of the output.
"""


def document() -> str:
    """The text of docs/OPERATORS.md."""
    kernels = [kernel for backend in BACKENDS.values() for kernel in backend]
    operators = sorted(OPERATORS, key=lambda operator: operator.name)
    return HEAD + "".join("\n" + section(operator, kernels) for operator in operators)


def section(operator: Operator, kernels: Sequence[Kernel]) -> str:
    """One operator: what it computes, its legal types and versions, the kernels that run it."""
    return "\n".join(_lines(operator, kernels)) + "\n"


def _lines(operator: Operator, kernels: Sequence[Kernel]) -> Iterator[str]:
    yield f"## {operator.name}\n"
    yield f"{operator.summary.rstrip('.')}. Versions 1 to {operator.versions.stop - 1}.\n"
    for types in operator.types:
        yield f"- {describe_types(types)}"
    if any("float" in output.value for types in operator.types for output in types.outputs):
        yield f"- float tolerance {operator.tolerance:g}"
    if operator.constant_inputs:
        positions = ", ".join(map(str, operator.constant_inputs))
        yield f"- must be constant: input {positions}"
    fitting = [kernel for kernel in kernels if operator.name in kernel.operators]
    names = ", ".join(f"`{kernel.name}` ({kernel.backend})" for kernel in fitting)
    yield f"- kernels: {names or 'none: removed or folded before kernels are chosen'}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
