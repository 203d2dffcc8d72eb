# SPDX-License-Identifier: Apache-2.0
"""Processors that code is generated for, and boards that run it."""

from microlith.targets.target import Target
from microlith.targets.targets import DEFAULT, TARGETS, get

__all__ = ["DEFAULT", "TARGETS", "Target", "get"]
