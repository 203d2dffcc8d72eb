# SPDX-License-Identifier: Apache-2.0
"""C literals and the writing of files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microlith.emit import literals
from microlith.emit.files import MANIFEST, digest, write_files
from microlith.errors import OptionError


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_literals_read_back_as_the_same_float(value: float) -> None:
    text = literals.float32(value)
    assert text.endswith("f")
    assert "." in text or "e" in text
    assert np.float32(text[:-1]).tobytes() == np.float32(value).tobytes()


def test_numbers_that_have_no_plain_literal() -> None:
    assert literals.integer(-(2**31)) == "INT32_MIN"
    assert literals.float32(float("inf")) == "INFINITY"
    assert literals.float32(float("-inf")) == "-INFINITY"
    assert literals.float32(float("nan")) == "NAN"


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_float_arrays_read_back_as_the_same_floats(values: list[float]) -> None:
    array = np.array(values, np.float32)
    words = literals.rows(array, "").replace("\n", " ").split(",")[:-1]
    assert all(word.strip().endswith("f") for word in words)
    assert np.array([word.strip()[:-1] for word in words], np.float32).tobytes() == array.tobytes()


def test_arrays_are_wrapped() -> None:
    text = literals.rows(np.arange(-60, 60, dtype=np.int8), "    ")
    assert max(len(line) for line in text.splitlines()) <= literals.LINE
    assert eval(f"[{text}]") == list(range(-60, 60))


def _with_manifest(files: dict[str, str]) -> dict[str, str]:
    digests = {path: digest(text) for path, text in files.items()}
    return files | {MANIFEST: json.dumps({"files": digests})}


def test_edited_files_are_kept_without_force(tmp_path: Path) -> None:
    write_files(_with_manifest({"src/a.c": "one", "b.c": "two"}), tmp_path, force=False)
    (tmp_path / "src/a.c").write_text("mine")
    later = _with_manifest({"src/a.c": "three", "b.c": "four"})
    with pytest.raises(OptionError, match=r"src/a\.c.*--force"):
        write_files(later, tmp_path, force=False)
    assert (tmp_path / "b.c").read_text() == "two"
    write_files(later, tmp_path, force=True)
    assert (tmp_path / "src/a.c").read_text() == "three"


def test_unedited_files_are_replaced_and_unchanged_ones_untouched(tmp_path: Path) -> None:
    write_files(_with_manifest({"a.c": "one", "b.c": "two"}), tmp_path, force=False)
    before = (tmp_path / "b.c").stat().st_mtime_ns
    write_files(_with_manifest({"a.c": "new", "b.c": "two"}), tmp_path, force=False)
    assert (tmp_path / "a.c").read_text() == "new"
    assert (tmp_path / "b.c").stat().st_mtime_ns == before


def test_files_that_are_not_ours_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("somebody's")
    with pytest.raises(OptionError, match="is not ours"):
        write_files({"a.c": "one"}, tmp_path, force=False)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot write"):
        write_files({"a.c": "one"}, tmp_path / "file", force=False)
