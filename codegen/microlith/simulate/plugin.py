# SPDX-License-Identifier: Apache-2.0
"""The emulator's instruction counter: built when it is first needed, for the QEMU at hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from microlith.errors import ToolError
from microlith.simulate import build, qemu, toolchain

_SOURCE = Path(__file__).with_name("plugin.c")
_FLAGS = ("-std=c11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden")
_API_VERSIONS = range(1, 8)
"""Versions of QEMU's plugin interface that may be tried; see plugin.c."""


def arguments(plugin: Path, *, mark: int, out: Path, histogram: Path | None = None) -> list[str]:
    """Options of QEMU that load the counter: calls of the function at address `mark` are noted,
    and the counts go to the file `out`; which instructions ran between two goes to `histogram`."""
    options = f"mark={mark:x},out={qemu.escape(str(out))}"
    if histogram is not None:
        options += f",histogram={qemu.escape(str(histogram))}"
    return ["-plugin", f"{qemu.escape(str(plugin))},{options}"]


def between_marks(text: str, spans: int) -> list[int]:
    """Instructions of each span (an invoke, or a step of one), from the counter's file: there is a
    mark before and one after it."""
    counts = [int(line) for line in text.split()]
    if len(counts) != 2 * spans:
        raise ToolError(f"{len(counts)} marks were counted instead of 2 x {spans}")
    return [end - start for start, end in zip(counts[::2], counts[1::2], strict=True)]


@cache
def library(emulator: str) -> Path | None:
    """The plugin for that emulator (a program's name); None when it takes no plugins.

    ToolError when the machine's C compiler is missing.
    """
    program = toolchain.find(emulator)
    version = toolchain.execute([program, "--version"]).stdout
    settings = "\n".join([program, version, *_FLAGS])
    key = build.digest([settings.encode(), _SOURCE.read_bytes()])
    made = build.cached(key, ".so", lambda path: _make(program, path))
    return made if made.stat().st_size > 0 else None


def _make(program: str, path: Path) -> None:
    """Writes the plugin that `program` accepts, or an empty file when there is none."""
    compiler = toolchain.find("cc")
    for version in _API_VERSIONS if _takes_plugins(program) else ():
        define = f"-DPLUGIN_API_VERSION={version}"
        toolchain.execute([compiler, *_FLAGS, define, str(_SOURCE), "-o", str(path)])
        if _loads(program, path):
            return
    path.write_bytes(b"")


def _takes_plugins(program: str) -> bool:
    return "-plugin" in toolchain.execute([program, "--help"]).stdout


def _loads(program: str, plugin: Path) -> bool:
    """Whether the emulator starts the plugin: then there is the plugin's file.

    A system emulator runs no machine, a user-mode one a program that does not exist.
    """
    out = plugin.with_suffix(".out")
    options = arguments(plugin, mark=0, out=out)
    if Path(program).name.startswith("qemu-system-"):
        nothing = ["-machine", "none", "-display", "none", "-serial", "none", "-monitor", "stdio"]
    else:
        nothing = [str(plugin.with_suffix(".none"))]
    toolchain.attempt([program, *options, *nothing], time_limit=30, stdin="quit\n")
    return out.exists()
