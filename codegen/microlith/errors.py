# SPDX-License-Identifier: Apache-2.0
"""Errors that a user can act on.

Every message says what is wrong, where in the model (or which option or tool), and what to do. The
command line prints them without a traceback and ends with exit code 2; any other exception is an
internal fault and ends with 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MicrolithError(Exception):
    """Base of all errors caused by the user's input or environment.

    `what` is the fact, `where` the place (file, op, tensor, option), `fix` what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(render(what, where, fix))


class ModelError(MicrolithError):
    """The .tflite file is malformed, or asks for something that cannot be compiled."""


class OptionError(MicrolithError):
    """A command-line option or function argument is wrong."""


class ToolError(MicrolithError):
    """A program that is needed (compiler, emulator, interpreter) is missing or failed."""


class InputError(MicrolithError):
    """Sample data does not match the model's inputs."""


@dataclass(frozen=True)
class Problem:
    """One reason why a model cannot be compiled: several are reported together."""

    what: str
    where: str
    fix: str

    def __str__(self) -> str:
        return render(self.what, self.where, self.fix)


class UnsupportedModelError(ModelError):
    """The file is a valid model, but parts of it cannot be compiled; `problems` lists them all."""

    def __init__(self, path: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = f"{len(problems)} reason" + ("s" if len(problems) != 1 else "")
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{path} cannot be compiled, for {count}:\n{lines}")


def render(what: str, where: str, fix: str) -> str:
    """One message from its parts: `where: what; fix`."""
    text = f"{where}: {what}" if where else what
    return f"{text}; {fix}" if fix else text
