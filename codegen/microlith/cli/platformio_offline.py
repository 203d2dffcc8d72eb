# SPDX-License-Identifier: Apache-2.0
"""`microlith platformio-offline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from microlith.cli.options import say


def command(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="PlatformIO's core directory, made if absent.")
    ],
) -> None:
    """Prepare a PlatformIO core directory that builds for emulated boards without a network.

    Touches nothing but DIR. Use it with PLATFORMIO_CORE_DIR=DIR.
    """
    from microlith.platformio import lay_out_core

    place = lay_out_core(directory)
    say(f"{place}: ready; use it with PLATFORMIO_CORE_DIR={directory.resolve()}")
