# SPDX-License-Identifier: Apache-2.0
"""The tool's version, as the installed distribution has it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("microlith")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
