# SPDX-License-Identifier: Apache-2.0
"""Writing generated files: all or none, unchanged ones untouched, edited ones never overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from microlith.errors import OptionError

MANIFEST = "manifest.json"


def digest(text: str) -> str:
    """SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_files(
    files: Mapping[str, str],
    directory: Path,
    *,
    force: bool,
    once: Mapping[str, str] | None = None,
) -> None:
    """Writes `files` (text by relative path) below `directory`.

    Those in `once` belong to the user: they are written where there is no such file, and never
    again, whatever `force` says.

    Raises OptionError, having written nothing, when a file there was edited since it was generated
    (or was never generated) and `force` is off, or when the directory cannot be written.
    """
    changed = {path: text for path, text in files.items() if _read(directory / path) != text}
    if not force:
        _refuse_edited(changed, directory)
    missing = {path: text for path, text in (once or {}).items() if not (directory / path).exists()}
    try:
        for path, text in (changed | missing).items():
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OptionError(
            f"cannot write {error.filename}: {error.strerror}",
            where=str(directory),
            fix="choose another directory",
        ) from error


def _refuse_edited(changed: Mapping[str, str], directory: Path) -> None:
    known = _generated_before(directory)
    edited = [
        path
        for path in changed
        if path != MANIFEST
        and (text := _read(directory / path)) is not None
        and digest(text) != known.get(path)
    ]
    if edited:
        raise OptionError(
            f"{', '.join(sorted(edited))} would be overwritten, but was edited or is not ours",
            where=str(directory),
            fix="choose another directory, or give --force to overwrite",
        )


def _generated_before(directory: Path) -> dict[str, str]:
    """Digests by path of the files that an earlier run wrote, from its manifest."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        return dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
