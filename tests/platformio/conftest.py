# SPDX-License-Identifier: Apache-2.0
"""The command line, run inside the test's process."""

from tests.cli.conftest import microlith

__all__ = ["microlith"]
