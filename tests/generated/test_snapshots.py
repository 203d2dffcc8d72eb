# SPDX-License-Identifier: Apache-2.0
"""Generated C, word for word. `MICROLITH_UPDATE_SNAPSHOTS=1 pytest` writes it anew."""

from __future__ import annotations

import os

import pytest

import microlith
from microlith import targets
from microlith.emit.model import model_sources
from tests.generated.models import SNAPSHOTS
from tests.paths import ROOT

DIRECTORY = ROOT / "tests" / "generated" / "snapshots"


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_generated_c_is_as_reviewed(name: str) -> None:
    program = microlith.compile(SNAPSHOTS[name](), target="cortex-m4", name=name)
    for file, text in model_sources(program, targets.get("cortex-m4")).items():
        path = DIRECTORY / file
        if os.environ.get("MICROLITH_UPDATE_SNAPSHOTS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"{file} has changed"
