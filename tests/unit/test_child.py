# SPDX-License-Identifier: Apache-2.0
"""Programs that take their time: output as it comes, silence, limits, and no survivors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from microlith import child
from microlith.child import Patience, stream
from microlith.errors import ToolError

posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions are of POSIX")


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lines_are_passed_on_and_kept() -> None:
    said: list[str] = []
    ending = stream(python("print('one\\r'); print('\\xfctwo'); print('3', end='')"), said.append)
    assert said == ["one", "\xfctwo", "3"]
    assert ending.code == 0 and ending.printed.splitlines() == said


def test_the_exit_code_is_the_programs() -> None:
    assert stream(python("raise SystemExit(7)"), print).code == 7


def test_a_program_that_cannot_be_started() -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        stream(["./no-such-program"], print)


def test_silence_is_remarked_upon_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SILENCE", 0.1)
    said: list[str] = []
    stream(python("import time; time.sleep(0.7)"), said.append, patience=Patience(remark="wait"))
    assert said == ["wait"]


def test_output_without_a_line_end_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SILENCE", 0.6)
    code = "import time\nfor _ in range(15): print('.', end='', flush=True); time.sleep(0.1)"
    said: list[str] = []
    stream(python(code), said.append, patience=Patience(remark="wait"))
    assert said == ["." * 15]


def processes_alive(marker: Path) -> list[int]:
    """Those of the process numbers in a file that still run."""
    found = []
    for word in marker.read_text().split():
        try:
            os.kill(int(word), 0)
        except ProcessLookupError:
            continue
        found.append(int(word))
    return found


def family(marker: Path) -> str:
    """Code of a program that starts another one and waits for it; both note their numbers."""
    inner = "import time; time.sleep(60)"
    return (
        "import os, subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-c', {inner!r}])\n"
        f"open({str(marker)!r}, 'w').write(f'{{os.getpid()}} {{p.pid}}')\n"
        "print('ready', flush=True)\np.wait()\n"
    )


def gone(marker: Path) -> bool:
    """Whether all of a family end within a moment: its orphans are reaped by another process."""
    end = time.monotonic() + 5
    while processes_alive(marker) and time.monotonic() < end:
        time.sleep(0.05)
    return not processes_alive(marker)


@posix
def test_a_limit_ends_the_program_and_all_that_it_started(tmp_path: Path) -> None:
    marker = tmp_path / "numbers"
    with pytest.raises(ToolError, match=r"did not end within 1.5 s; try again"):
        stream(python(family(marker)), print, patience=Patience(1.5, advice="try again"))
    assert gone(marker)


@posix
def test_a_reader_who_knows_enough_ends_the_program(tmp_path: Path) -> None:
    marker = tmp_path / "numbers"
    ending = stream(python(family(marker)), print, until=lambda line: line == "ready")
    assert ending.code is None and ending.printed == "ready"
    assert gone(marker)


@posix
def test_ctrl_c_ends_the_program_too(tmp_path: Path) -> None:
    marker = tmp_path / "numbers"
    # A shell without job control starts what runs in the background with Ctrl-C ignored.
    code = (
        "import signal\nfrom microlith.child import stream\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"stream({python(family(marker))!r}, print)"
    )
    with subprocess.Popen(python(code), stderr=subprocess.DEVNULL) as process:
        while not (marker.is_file() and marker.read_text()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) != 0
    assert gone(marker)
