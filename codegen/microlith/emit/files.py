# SPDX-License-Identifier: Apache-2.0
"""Writing generated files: all or none, unchanged ones untouched, edited ones never overwritten."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from microlith.errors import OptionError

MANIFEST = "manifest.json"
"""What `generate` wrote."""

KEPT = "simulation/sources.json"
"""What `simulate --keep` wrote."""

_RECORDS = (MANIFEST, KEPT)
"""Files that list, as `files`, the digests of those written with them."""


def digest(text: str) -> str:
    """SHA-256 of a file's text."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def digests(files: Mapping[str, str]) -> dict[str, str]:
    """What a record says of `files` (text by relative path)."""
    return {path: digest(text) for path, text in files.items()}


def write_files(
    files: Mapping[str, str],
    directory: Path,
    *,
    force: bool,
    once: Mapping[str, str] | None = None,
) -> None:
    """Writes `files` (text by relative path) below `directory`.

    Those in `once` belong to the user: they are written where there is no such file, and never
    again, whatever `force` says. Where `files` has a record (`manifest.json`), those that an
    earlier one lists and the new one does not are removed, unless they were edited.

    Raises OptionError, having written nothing, when a file there was edited since it was generated
    (or was never generated) and `force` is off, or when the directory cannot be written.
    """
    changed = {
        path: text for path, text in files.items() if _digest(directory / path) != digest(text)
    }
    if not force:
        _refuse_edited(changed, directory)
    missing = {path: text for path, text in (once or {}).items() if not (directory / path).exists()}
    stale = list(_stale(files, directory))
    try:
        _write_all({directory / path: text for path, text in (changed | missing).items()})
        for path in stale:
            _remove(path, directory)
    except OSError as error:
        raise OptionError(
            f"cannot write {error.filename}: {error.strerror}",
            where=str(directory),
            fix="choose another directory",
        ) from error


def _refuse_edited(changed: Mapping[str, str], directory: Path) -> None:
    known = [_recorded(directory, record) for record in _RECORDS]
    edited = [
        path
        for path in changed
        if path not in _RECORDS
        and (found := _digest(directory / path)) is not None
        and all(found != record.get(path) for record in known)
    ]
    if edited:
        raise OptionError(
            f"{', '.join(sorted(edited))} would be overwritten, but was edited or is not ours",
            where=str(directory),
            fix="choose another directory (`generate --force` overwrites)",
        )


def _stale(files: Mapping[str, str], directory: Path) -> Iterator[Path]:
    """Files that only an earlier version of the records among `files` lists, as they were."""
    for record in set(_RECORDS) & set(files):
        others = [_recorded(directory, other) for other in _RECORDS if other != record]
        for path, known in _recorded(directory, record).items():
            wanted = path in files or any(path in other for other in others)
            if not wanted and _is_below(directory, path) and _digest(directory / path) == known:
                yield directory / path


def _write_all(texts: Mapping[Path, str]) -> None:
    """Writes all files beside their places first, and then puts them there."""
    parts: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for path, text in texts.items():
            made += [parent for parent in path.parents if not parent.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            parts[path] = path.with_name(f"{path.name}.part")
            parts[path].write_text(text, encoding="utf-8", newline="\n")
        for path, part in parts.items():
            part.replace(path)
    except OSError:
        for part in parts.values():
            part.unlink(missing_ok=True)
        _remove_empty(made)
        raise


def _remove(path: Path, directory: Path) -> None:
    path.unlink()
    _remove_empty([parent for parent in path.parents if parent.is_relative_to(directory)][:-1])


def _remove_empty(folders: list[Path]) -> None:
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _recorded(directory: Path, record: str) -> dict[str, str]:
    """Digests by path of the files that an earlier run wrote."""
    try:
        return dict(json.loads((directory / record).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_below(directory: Path, path: str) -> bool:
    return (directory / path).resolve().is_relative_to(directory.resolve())


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
