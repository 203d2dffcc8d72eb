# SPDX-License-Identifier: Apache-2.0
"""The scripts behind the Makefile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from microlith import targets
from scripts import demo, operators, sizes, stack
from tests.paths import ROOT


def test_size_difference_shows_what_changed_and_the_totals() -> None:
    before = {"same": 10, "gone": 4, "grown": 100, "= weights": 50}
    after = {"same": 10, "grown": 120, "new": 6, "= weights": 50}
    changes = [line.split(maxsplit=3) for line in sizes.difference_lines(before, after)]
    assert changes == [
        ["4", "0", "-4", "gone"],
        ["0", "6", "+6", "new"],
        ["100", "120", "+20", "grown"],
        ["50", "50", "+0", "= weights"],
    ]


def test_function_sizes_come_from_the_elf(tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs arm-none-eabi-gcc")
    source = tmp_path / "two.c"
    source.write_text("int a(void) { return 1; }\nconst int table[64] = {1};\n", encoding="utf-8")
    compile_ = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O2", "-c", "two.c"]
    subprocess.run(compile_, cwd=tmp_path, check=True)
    assert sizes.function_sizes(tmp_path / "two.o") == {"a": 4}


@pytest.mark.parametrize("name", stack.TARGETS)
def test_no_frame_of_the_runtime_is_large(name: str) -> None:
    target = targets.get(name)
    if shutil.which(target.compiler) is None:
        pytest.skip(f"needs {target.compiler}")
    found = stack.frames(target, stack.runtime_sources())
    assert [frame for frame in found if frame.bytes > stack.FRAME_LIMIT] == []


def test_frames_of_assembly_count() -> None:
    """The compiler reports none for functions that are assembly throughout."""
    target = targets.get("cortex-m4")
    if shutil.which(target.compiler) is None:
        pytest.skip(f"needs {target.compiler}")
    source = next(path for path in stack.runtime_sources() if path.match("dsp/conv_smlal.c"))
    found = {frame.function: frame.bytes for frame in stack.frames(target, [source])}
    assert found["compute_scaled"] >= 36  # r4 to r11 and lr


def test_operators_document_is_up_to_date() -> None:
    assert operators.DOCUMENT.read_text(encoding="utf-8") == operators.document(), (
        "docs/OPERATORS.md differs from the declarations: run make docs"
    )


def test_digits_are_drawn_without_colour_too() -> None:
    image = np.array([[127, -128], [-128, 127]], np.int8)
    assert demo.picture(image, colour=False).plain == "▀▄"
    assert demo.picture(image, colour=True).plain == "▀▀"


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    public = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert public is not None
    result = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = [line.split()[1] for line in result.stdout.splitlines()]
    assert listed == public[1].split()


def _setup(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/setup.sh where only bash and the basic tools of `tmp_path`/bin exist."""
    tools = tmp_path / "bin"
    tools.mkdir(exist_ok=True)
    for name in ("bash", "dirname", "id", "mktemp", "tail", "rm", "env"):
        path = shutil.which(name)
        assert path is not None
        (tools / name).symlink_to(path)
    return subprocess.run(
        [tools / "bash", ROOT / "scripts" / "setup.sh", *arguments],
        env={"PATH": str(tools), **environment}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_setup_names_packages_that_it_cannot_install(tmp_path: Path) -> None:
    result = _setup(tmp_path, "emulator")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "setup: gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm missing, and there is no "
        "apt-get here; install their like with your package manager"
    ]


def test_setup_refuses_an_old_python(tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    python.chmod(0o755)
    result = _setup(tmp_path, "venv", str(tmp_path / "venv"), ".", PYTHON=str(python))
    assert result.returncode == 1
    assert "Python 3.9.2" in result.stderr
