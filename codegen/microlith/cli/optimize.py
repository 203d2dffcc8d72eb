# SPDX-License-Identifier: Apache-2.0
"""`microlith optimize`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from microlith.cli import options as o

if TYPE_CHECKING:
    from microlith.optimization import Optimized


def command(
    model: o.Model,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT.tflite", help="The file to write.")
    ],
    disable_pass: o.DisablePass = None,
    json: o.Json = False,
) -> None:
    """Write a smaller .tflite file that computes the same bytes, in any interpreter."""
    from microlith.optimization import optimize

    _check(model, output)
    result = optimize(model, disable_pass or ())
    result.write(output)
    if json:
        o.print_json(result.to_json())
    else:
        _tell(result, output)


def _check(model: Path, output: Path) -> None:
    from microlith.errors import OptionError

    if output.exists() and model.exists() and output.samefile(model):
        raise OptionError("is the model itself", where=str(output), fix="choose another file")


def _tell(result: Optimized, output: Path) -> None:
    o.say(f"{output}: {', '.join(result.passes) or 'nothing to do'}")
    before, after = vars(result.before), vars(result.after)
    for key, label in (
        ("ops", "ops"),
        ("macs", "MACs"),
        ("weights", "bytes of weights"),
        ("size", "bytes of the file"),
    ):
        o.say(f"  {label:<18} {before[key]:>12,} -> {after[key]:>12,}")
