# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a .tflite file to a Graph, and every reason why it cannot be compiled."""

from __future__ import annotations

from microlith.frontend.checks import check
from microlith.frontend.tflite import load, load_model, parse, read

__all__ = ["check", "load", "load_model", "parse", "read"]
