# SPDX-License-Identifier: Apache-2.0
"""Runs the command line inside the test's process, as main() would."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from microlith.cli.main import main


@dataclass(frozen=True)
class Ending:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Microlith = Callable[..., Ending]


@pytest.fixture
def microlith(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Microlith:
    """`microlith("verify", path, "--json")`, with what it printed, however slow this machine is."""
    monkeypatch.setattr("microlith.cli.progress.PATIENCE", 600.0)

    def run(*arguments: str | Path) -> Ending:
        monkeypatch.setattr(sys, "argv", ["microlith", *map(str, arguments)])
        capfd.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return Ending(code, *capfd.readouterr())

    return run


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes, str], Path]:
    """Writes a model to a file of its own."""

    def write(model: bytes, name: str = "net.tflite") -> Path:
        path = tmp_path / name
        path.write_bytes(model)
        return path

    return write
