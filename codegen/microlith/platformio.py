# SPDX-License-Identifier: Apache-2.0
"""PlatformIO as a tool: where it is, how it is run, and a core directory that works offline."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from microlith.errors import OptionError, ToolError

SCONS = "tool-scons"
OWNER = "platformio"

_HOW_TO_GET = "install it (pip install 'microlith[flash]')"
_PROBE = """\
import json, sys
from platformio import __version__
from platformio.dependencies import get_core_dependencies
try:
    import SCons
except ImportError:
    SCons = None
print(json.dumps({
    "version": __version__,
    "requirement": get_core_dependencies()["tool-scons"],
    "scons": SCons and [SCons.__version__, SCons.__path__[0]],
}))
"""


@dataclass(frozen=True)
class Core:
    """PlatformIO's command and version; `requirement` is the version of its tool-scons package
    that it asks for; `scons` the version and directory of the SCons beside it, if there is one."""

    command: str
    version: str
    requirement: str
    scons: tuple[str, Path] | None


def find() -> str:
    """Path of the `pio` command: beside this interpreter, or the one on PATH.

    Raises ToolError when there is none.
    """
    beside = shutil.which("pio", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("pio")
    if found is None:
        raise ToolError("PlatformIO is needed, but not installed", fix=_HOW_TO_GET)
    return found


def core() -> Core:
    """What is to be known of the PlatformIO that find() finds; ToolError when there is none."""
    command = find()
    python = _interpreter(Path(command))
    result = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ToolError(
            f"{command} does not answer: {result.stderr.strip()[-200:]}", fix=_HOW_TO_GET
        )
    answer = json.loads(result.stdout)
    scons = (answer["scons"][0], Path(answer["scons"][1])) if answer["scons"] else None
    return Core(command, answer["version"], answer["requirement"], scons)


def _interpreter(command: Path) -> str:
    """The Python that runs `command`: the one beside it, as pip installs scripts."""
    for name in ("python", "python3", "python.exe"):
        if (command.parent / name).exists():
            return str(command.parent / name)
    return sys.executable


def package_version(requirement: str) -> str:
    """The lowest version that a requirement such as `~4.41101.0` allows: `4.41101.0`."""
    return requirement.lstrip("~^=>< ")


def scons_version(package: str) -> str:
    """The SCons release in a version of the package tool-scons: 4.41101.0 holds 4.11.1. Its second
    number is the release's major number, and two digits each of its minor and patch numbers."""
    digits = package.split(".")[1]
    major, minor, patch = digits[:-4], digits[-4:-2], digits[-2:]
    return f"{int(major)}.{int(minor)}.{int(patch)}"


def lay_out_core(directory: Path) -> Path:
    """Puts SCons into a PlatformIO core directory as the package that PlatformIO looks for, so
    that building needs no download, and returns where. Nothing outside `directory` is touched.

    Raises ToolError when PlatformIO or its release of SCons is missing, OptionError when the
    directory holds such a package that is not ours.
    """
    found = core()
    version = package_version(found.requirement)
    release = scons_version(version)
    if found.scons is None or found.scons[0] != release:
        has = f"SCons {found.scons[0]}" if found.scons else "no SCons"
        raise ToolError(
            f"PlatformIO {found.version} needs SCons {release}, but has {has} beside it",
            fix=f"{_interpreter(Path(found.command))} -m pip install scons=={release}",
        )
    place = directory / "packages" / SCONS
    if place.exists() and not (place / ".piopm").exists():
        raise OptionError(
            "a package that is not ours would be replaced",
            where=str(place),
            fix="give another directory",
        )
    _write_package(place, found.scons[1], version)
    return place


def _write_package(place: Path, scons: Path, version: str) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(scons, place / "scons-local" / "SCons", ignore=ignored)
    (place / "scons.py").write_text(_STARTER, encoding="utf-8")
    description: dict[str, Any] = {"name": SCONS, "version": version}
    _write_json(place / "package.json", description | {"description": "SCons, from its wheel"})
    spec = {"owner": OWNER, "id": None, "name": SCONS, "requirements": None, "uri": None}
    _write_json(place / ".piopm", {"type": "tool", **description, "spec": spec})


_STARTER = """\
# SPDX-License-Identifier: MIT-0
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scons-local"))

from SCons.Script import main  # noqa: E402

sys.exit(main())
"""


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def environment(core_directory: Path | None = None) -> dict[str, str]:
    """Environment of a `pio` process: quiet, and with a core directory of its own if given."""
    quiet = {
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "9999",
    }
    chosen = {"PLATFORMIO_CORE_DIR": str(core_directory)} if core_directory else {}
    return {**os.environ, **quiet, **chosen}
