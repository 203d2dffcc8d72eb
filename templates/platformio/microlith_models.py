# SPDX-License-Identifier: MIT-0
"""Compiles models/*.tflite to C at `pio run`, when a model or an option has changed.

Installed by `microlith add`. In platformio.ini:

    extra_scripts = pre:scripts/microlith_models.py
    custom_microlith_options = --keep-inputs        ; optional, see `microlith generate --help`

What is generated lies below .pio, as a library for each model: include NAME.h. This script runs
inside PlatformIO's Python: it needs nothing but the `microlith` command.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

Import("env")  # noqa: F821

PROJECT = Path(env.subst("$PROJECT_DIR"))  # noqa: F821
STORE = Path(env.subst("$PROJECT_WORKSPACE_DIR"), "microlith", env["PIOENV"])  # noqa: F821
OPTIONS = shlex.split(env.GetProjectOption("custom_microlith_options", ""))  # noqa: F821


def find_microlith():
    """The command: $MICROLITH, on the PATH, or beside this Python."""
    beside = str(Path(sys.executable).parent)
    found = os.environ.get("MICROLITH") or shutil.which("microlith")
    return found or shutil.which("microlith", path=beside)


def digest(model, arguments):
    """Changes when the model or an argument does."""
    return hashlib.sha256("\0".join(arguments).encode() + model.read_bytes()).hexdigest()


def regenerate(model):
    directory = STORE / model.stem
    stamp = STORE / f"{model.stem}.stamp"
    board = env.BoardConfig()  # noqa: F821
    core = board.get("build.cpu", "") or board.get("build.mcu")
    arguments = ["generate", str(model), "--project", "library", "--force", "-o", str(directory)]
    arguments += OPTIONS if "--target" in OPTIONS else ["--core", core, *OPTIONS]
    wanted = digest(model, arguments)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    command = find_microlith()
    if command is None:
        raise SystemExit("microlith is not installed: pip install microlith, or set MICROLITH")
    print(f"Compiling {model.relative_to(PROJECT)}")
    if subprocess.call([command, *arguments]) != 0:
        raise SystemExit(1)
    stamp.write_text(wanted)


def main():
    models = sorted((PROJECT / "models").glob("*.tflite"))
    if not models:
        raise SystemExit("there is no .tflite file in models/")
    STORE.mkdir(parents=True, exist_ok=True)
    for model in models:
        regenerate(model)
    env.Append(LIBSOURCE_DIRS=[str(STORE)])  # noqa: F821


main()
