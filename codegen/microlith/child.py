# SPDX-License-Identifier: Apache-2.0
"""Programs that take their time: what they print is passed on at once, silence is remarked upon,
and they never outlive this process."""

from __future__ import annotations

import codecs
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from microlith.errors import ToolError

Say = Callable[[str], None]

SILENCE = 30.0
"""Seconds without output after which the user is told what may be going on."""

_GRACE = 5.0
"""Seconds that a program is given to end when it is asked to."""

_Chunks = queue.Queue[bytes | None]


@dataclass(frozen=True)
class Patience:
    """How long a program may take: `limit` seconds in all (None: any time). After SILENCE without
    output the user reads `remark`, and `advice` is the way out when the limit is over."""

    limit: float | None = None
    remark: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Ending:
    """A program's exit code, None when it was stopped by its reader, and all that it printed."""

    code: int | None
    printed: str


def stream(
    command: Sequence[str],
    say: Say,
    *,
    patience: Patience = Patience(),
    environment: Mapping[str, str] | None = None,
    until: Callable[[str], bool] = lambda line: False,
) -> Ending:
    """Runs `command` and passes each line that it prints on to `say`, until it ends or `until` is
    true of a line, which stops it.

    Raises ToolError when it cannot be started or the time is over. Whatever ends this function
    early, Ctrl-C included, ends the program and all that it started.
    """
    with _started(command, environment) as (process, chunks):
        printed: list[str] = []
        for line in _lines(chunks, say, patience, command[0]):
            printed.append(line)
            say(line)
            if until(line):
                return Ending(None, "\n".join(printed))
        return Ending(process.wait(), "\n".join(printed))


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str] | None
) -> Iterator[tuple[subprocess.Popen[bytes], _Chunks]]:
    """A running program and what it prints, None at the end; it is stopped when the block ends."""
    chunks: _Chunks = queue.Queue()
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be started: {error.strerror}") from error
    assert process.stdout is not None
    reader = threading.Thread(target=_read, args=(process.stdout, chunks), daemon=True)
    reader.start()
    try:
        yield process, chunks
    finally:
        _stop(process)
        reader.join(_GRACE)
        process.stdout.close()


def _read(pipe: IO[bytes], chunks: _Chunks) -> None:
    with suppress(ValueError, OSError):
        while data := os.read(pipe.fileno(), 4096):
            chunks.put(data)
    chunks.put(None)


def _lines(chunks: _Chunks, say: Say, patience: Patience, name: str) -> Iterator[str]:
    end = time.monotonic() + patience.limit if patience.limit is not None else None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pending = ""
    remarked = False
    while True:
        left = SILENCE if end is None else min(SILENCE, end - time.monotonic())
        try:
            data = chunks.get(timeout=max(left, 0.0))
        except queue.Empty:
            if end is not None and time.monotonic() >= end:
                raise ToolError(
                    f"{Path(name).name} did not end within {patience.limit:g} s",
                    fix=patience.advice,
                ) from None
            if patience.remark and not remarked:
                say(patience.remark)
                remarked = True
            continue
        *complete, pending = (pending + decoder.decode(data or b"", data is None)).split("\n")
        yield from (line.rstrip("\r") for line in complete)
        if data is None:
            if pending:
                yield pending
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a program that still runs, and with it all that belongs to its session."""
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with suppress(ProcessLookupError):
            if os.name == "posix":
                os.killpg(process.pid, number)
            else:
                process.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return
