# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from microlith.kernels.layout import StructField, struct_fields, structs

HEADER = """
#ifndef H
#define H
#define TWO \\
    2
#include "kernel.h"
/* A comment with a struct { in it. */
typedef struct mr_thing_params {
    int8_t tag; /* one byte */
    mr_rows input;
    mr_window window;
    int64_t wide;
    int16_t taps[3], more;
    uint8_t last;
} mr_thing_params;

mr_status mr_thing(const mr_context *context, const void *params, mr_band band);
mr_kernel mr_other;
#endif
"""


def test_offsets_follow_natural_alignment(tmp_path: Path) -> None:
    header = tmp_path / "thing.h"
    header.write_text(HEADER)
    assert struct_fields(header, "mr_thing_params") == (
        StructField("tag", "int8_t", None, 0, 1),
        StructField("input", "mr_rows", None, 4, 12),
        StructField("window", "mr_window", None, 16, 24),
        StructField("wide", "int64_t", None, 40, 8),
        StructField("taps", "int16_t", 3, 48, 6),
        StructField("more", "int16_t", None, 54, 2),
        StructField("last", "uint8_t", None, 56, 1),
    )
    thing = structs(header)["mr_thing_params"]
    assert (thing.size, thing.alignment) == (64, 8)


def test_a_struct_that_is_not_declared_is_a_key_error(tmp_path: Path) -> None:
    header = tmp_path / "empty.h"
    header.write_text("")
    with pytest.raises(KeyError):
        struct_fields(header, "mr_thing_params")


@pytest.mark.parametrize("member", ["int count", "void *data", "int8_t open[]", "long x"])
def test_members_without_a_fixed_layout_are_refused(tmp_path: Path, member: str) -> None:
    header = tmp_path / "bad.h"
    header.write_text(f"typedef struct bad {{ {member}; }} bad;")
    with pytest.raises(ValueError, match=r"layout|legal"):
        structs(header)
