# SPDX-License-Identifier: Apache-2.0
"""`microlith targets`."""

from __future__ import annotations

import typer

from microlith.cli.options import Json, print_json


def command(json: Json = False) -> None:
    """List the targets that models can be compiled for."""
    from microlith.targets import TARGETS

    if json:
        print_json(
            {
                "targets": [
                    {
                        "name": t.name,
                        "summary": t.summary,
                        "features": sorted(t.features),
                        "compiler": t.compiler,
                        "flags": list(t.flags),
                        "emulator": t.emulator,
                    }
                    for t in TARGETS
                ]
            }
        )
        return
    width = max(len(target.name) for target in TARGETS)
    for target in TARGETS:
        typer.echo(f"{target.name:{width}}  {target.summary}")
