# SPDX-License-Identifier: Apache-2.0
"""Command lines that run a program: on an emulated board, in user mode, or by itself."""

from __future__ import annotations

from collections.abc import Sequence

from microlith.targets import boards
from microlith.targets.boards import Board
from microlith.targets.target import Target

_QUIET = ("-display", "none", "-monitor", "none", "-serial", "none", "-parallel", "none")


def program(target: Target) -> str | None:
    """The emulator of `target`; None where its programs run by themselves."""
    if target.emulator is not None:
        return boards.get(target.emulator).emulator[0]
    return target.runner[0] if target.runner else None


def command(
    target: Target,
    *,
    firmware: str,
    directory: str,
    escaped: str,
    mode: str,
    options: Sequence[str] = (),
) -> list[str]:
    """Runs `firmware` (path of an ELF), with further `options` of the emulator.

    The firmware is told `mode` ("run", "trace" or "profile") and the `directory` of its files;
    `escaped` is the directory as `escape` writes it.
    """
    if target.emulator is None:
        return [*target.runner, *options, firmware, mode, directory]
    board = boards.get(target.emulator)
    return [*_on_board(board, firmware, f"arg=firmware,arg={mode},arg={escaped}"), *options]


def _on_board(board: Board, firmware: str, arguments: str) -> list[str]:
    return [
        *board.emulator,
        *_QUIET,
        "-kernel",
        firmware,
        "-semihosting-config",
        f"enable=on,target=native,{arguments}",
    ]


def escape(value: str) -> str:
    """`value` as it is written inside a comma-separated option of QEMU."""
    return value.replace(",", ",,")
