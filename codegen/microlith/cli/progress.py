# SPDX-License-Identifier: Apache-2.0
"""What long steps show on standard error: a spinner with the time, or a line where there is no
terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from microlith.cli.options import say

PATIENCE = 1.0
"""Seconds after which a step is worth a line where there is no terminal."""

Say = Callable[[str], None]

_under_way: list[str] = []
"""The step that is shown: steps inside it are not."""


@contextmanager
def progress(step: str, quiet: bool = True) -> Iterator[Say]:
    """Shows that `step` is under way while the block runs. What the block says to the function
    that it gets appears above the spinner, or, when `quiet`, not at all."""
    if _under_way:
        yield _unheard if quiet else say
        return
    shown = _spinner(step) if sys.stderr.isatty() else _line(step)
    _under_way.append(step)
    try:
        with shown as aloud:
            yield _unheard if quiet else aloud
    finally:
        _under_way.clear()


def _unheard(text: str) -> None:
    del text


@contextmanager
def _line(step: str) -> Iterator[Say]:
    """Names the step once it has taken long, and what it took if it failed then."""
    start = time.monotonic()
    timer = threading.Timer(PATIENCE, say, [f"{step} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield say
    except BaseException:
        if time.monotonic() - start > PATIENCE:
            say(f"{step}: ended after {time.monotonic() - start:.0f} s")
        raise
    finally:
        timer.cancel()


@contextmanager
def _spinner(step: str) -> Iterator[Say]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        shown.add_task(step, total=None)
        try:
            yield lambda text: console.print(text, markup=False, highlight=False)
        except BaseException:
            console.print(f"[red]failed[/red] {step}", highlight=False)
            raise
