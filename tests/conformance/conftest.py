# SPDX-License-Identifier: Apache-2.0
"""What all conformance tests share."""

from __future__ import annotations

import pytest

from microlith.memory import plan


@pytest.fixture(autouse=True)
def greedy_placement(monkeypatch: pytest.MonkeyPatch) -> None:
    """Optimal offsets for dozens of unrelated ops take long to find and tell nothing of kernels."""
    monkeypatch.setattr(plan, "EXACT_LIMIT", 0)
