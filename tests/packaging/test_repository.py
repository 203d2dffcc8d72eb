# SPDX-License-Identifier: Apache-2.0
"""What every committed file has to obey."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

BINARY = {".tflite", ".npz", ".npy"}
WITHOUT_LICENCE_LINE = {*BINARY, ".json", ".typed"}
LICENCE_TEXTS = {"LICENSE", "LICENSE-RUNTIME"}
FIRMWARE_FOLDERS = ("micro_runtime/", "templates/")
"""What ends up in a firmware, which owes nobody a notice."""

FORBIDDEN = {
    "a path of somebody's machine": r"/(?:home|root|work|Users|mnt)/|/tm[p]/|/op[t]/",
    "a package host": r"pypi\.org|pythonhosted\.org|debian\.org/debian",
    "an issue by number": r"\b[Ii]ssue #?\d",
    "how the text came about": r"(?i)language mode[l]|assistan[t]\b|chatbo[t]|co-authored-b[y]",
}


def committed_files() -> list[str]:
    """Paths of all files under version control, relative to the checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def _head(name: str) -> str:
    with (ROOT / name).open(encoding="utf-8") as file:
        return file.read(400)


def test_every_file_names_its_licence() -> None:
    missing = []
    for name in committed_files():
        path = Path(name)
        if path.suffix in WITHOUT_LICENCE_LINE or name in LICENCE_TEXTS:
            continue
        licence = "MIT-0" if name.startswith(FIRMWARE_FOLDERS) else "(Apache-2.0|MIT-0)"
        if not re.search(rf"SPDX-License-Identifier: {licence}\b", _head(name)):
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_mentions(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for name in committed_files():
        if Path(name).suffix in BINARY:
            continue
        text = (ROOT / name).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()}")
    assert found == []


def test_committed_models_are_small() -> None:
    large = [
        name
        for name in committed_files()
        if Path(name).suffix in BINARY and (ROOT / name).stat().st_size > 60_000
    ]
    assert large == []
