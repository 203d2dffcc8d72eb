# SPDX-License-Identifier: Apache-2.0
"""The emulator's command line."""

from __future__ import annotations

from microlith.targets.boards import Board

_QUIET = ("-display", "none", "-monitor", "none", "-serial", "none", "-parallel", "none")


def command(board: Board, *, firmware: str, directory: str, mode: str) -> list[str]:
    """Runs `firmware` (path of an ELF) on an emulated board.

    By semihosting the firmware is told `mode` ("run" or "trace") and the `directory` of its files;
    in `directory` commas must be written twice (see `escape`).
    """
    arguments = f"arg=firmware,arg={mode},arg={directory}"
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
