# SPDX-License-Identifier: Apache-2.0
"""`microlith doctor`."""

from __future__ import annotations

import typer

from microlith.cli.options import Json, print_json


def command(json: Json = False) -> None:
    """Tell what is installed, what is missing for which verb, and the command that brings it."""
    from microlith.doctor import examine

    checks = examine()
    if json:
        print_json({"checks": [check.to_json() for check in checks]})
        return
    width = max(len(check.name) for check in checks)
    for check in checks:
        if check.found is not None:
            typer.echo(f"ok       {check.name:{width}}  {check.found}")
        else:
            needed = "; ".join(check.needed_for)
            typer.echo(f"missing  {check.name:{width}}  for {needed}: {check.fix}")
