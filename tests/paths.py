# SPDX-License-Identifier: Apache-2.0
"""Where tests find the checkout and the shared models beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def shared_model(name: str) -> Path:
    """`mlperf_tiny/kws_int8.tflite` below ../shared/models; skips the test where it is absent."""
    path = SHARED / "models" / name
    if not path.is_file():
        pytest.skip(f"needs {path}: the folder of shared models is not beside the checkout")
    return path
