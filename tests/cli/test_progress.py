# SPDX-License-Identifier: Apache-2.0
"""What long steps show, with a terminal and without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from microlith.cli import progress as shown
from microlith.cli.progress import progress
from tests.cli import models

Save = Callable[..., Path]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "PATIENCE", 0.05)


def test_a_long_step_is_named_once(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("Baking"), progress("Kneading"):
        time.sleep(0.2)
    assert capfd.readouterr() == ("", "Baking ...\n")


def test_a_short_step_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("Baking"):
        pass
    time.sleep(0.1)
    assert capfd.readouterr() == ("", "")


def test_a_failure_tells_where_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="burnt"), progress("Baking"):
        time.sleep(0.2)
        raise ValueError("burnt")
    assert capfd.readouterr().err == "Baking ...\nBaking: ended after 0 s\n"


def test_what_a_step_says_is_heard_unless_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    for quiet in (True, False):
        with progress("Baking", quiet) as aloud:
            aloud("smells good")
    assert capfd.readouterr().err == "smells good\n"


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are of POSIX")
@pytest.mark.parametrize(("name", "code"), [("net.tflite", 0), ("absent.tflite", 2)])
def test_on_a_terminal_there_is_a_spinner_and_json_stays_clean(
    name: str, code: int, save: Save
) -> None:
    path = save(models.relu()).with_name(name)
    ours, theirs = os.openpty()
    result = subprocess.run(
        [sys.executable, "-m", "microlith", "simulate", str(path), "--json"],
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        timeout=120,
    )
    os.close(theirs)
    screen = os.read(ours, 1 << 16).decode("utf-8", "replace")
    os.close(ours)
    assert result.returncode == code
    assert f"Compiling {name} for host" in screen and "0:00:0" in screen
    if code == 0:
        assert json.loads(result.stdout)["target"] == "host"
    else:
        assert result.stdout == b""
        assert "failed" in screen and "cannot be read" in screen
