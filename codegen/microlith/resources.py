# SPDX-License-Identifier: Apache-2.0
"""Where templates, runtime sources and board files are, in a checkout and in an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def path(*parts: str) -> Path:
    """Absolute path of a shipped file or folder, e.g. `path("micro_runtime", "include")`."""
    package = Path(__file__).resolve().parent
    installed = package / "_data"
    root = installed if installed.is_dir() else package.parent.parent
    return root.joinpath(*parts)
