# SPDX-License-Identifier: Apache-2.0
"""Program → the file that ties a model to the harness (micro_runtime/port/harness.h)."""

from __future__ import annotations

from microlith.emit.templates import render
from microlith.ir.program import Program


def subject(program: Program) -> str:
    """Text of the C file."""
    return render(
        "harness.c.j2",
        name=program.name,
        macro=program.name.upper(),
        inputs=[port.nbytes for port in program.inputs],
        outputs=[port.nbytes for port in program.outputs],
    )
