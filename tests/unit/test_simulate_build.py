# SPDX-License-Identifier: Apache-2.0
"""Targets, boards, the object cache, and what is said when a tool is missing."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from microlith import resources, targets
from microlith.errors import OptionError, ToolError
from microlith.simulate import build, plugin, qemu, toolchain
from microlith.targets import boards
from microlith.targets.boards import PLACES

SOURCE = '#include "value.h"\nint value(void) { return VALUE; }\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MICROLITH_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "value.c").write_text(SOURCE)
        (tmp_path / name / "value.h").write_text("#define VALUE 1\n")
    return tmp_path


def compile_in(directory: Path, *flags: str) -> Path:
    tools = toolchain.for_target(targets.get("host"))
    return build.compile_all(tools, [directory / "value.c"], flags, [])[0]


def test_equal_content_is_compiled_once(project: Path) -> None:
    first = compile_in(project / "one")
    stamp = first.stat().st_mtime_ns
    assert compile_in(project / "two") == first
    assert first.stat().st_mtime_ns == stamp


def test_a_header_or_an_option_makes_a_new_object(project: Path) -> None:
    first = compile_in(project / "one")
    assert compile_in(project / "one", "-O2") != first
    (project / "two" / "value.h").write_text("#define VALUE 2\n")
    assert compile_in(project / "two") != first


def test_a_compiler_error_is_shown_and_nothing_is_cached(project: Path) -> None:
    (project / "one" / "value.h").write_text("#define VALUE nonsense\n")
    with pytest.raises(ToolError, match="nonsense"):
        compile_in(project / "one")
    assert list((project / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MICROLITH_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(ToolError, match="set MICROLITH_CACHE_DIR"):
        build.cache_directory()


@pytest.mark.parametrize(
    ("program", "package"),
    [
        ("cc", "gcc"),
        ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        ("qemu-system-arm", "qemu-system-arm"),
    ],
)
def test_a_missing_tool_names_its_package(
    program: str, package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as error:
        toolchain.find(program)
    assert f"{program} is needed" in str(error.value)
    assert f"apt install {package}" in str(error.value)


def test_a_missing_c_library_names_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, script in {"gcc": "exit 1", "ar": ""}.items():
        tool = tmp_path / f"arm-none-eabi-{name}"
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    toolchain.for_target.cache_clear()
    with pytest.raises(ToolError, match="apt install libnewlib-arm-none-eabi"):
        toolchain.for_target(targets.get("cortex-m4"))


def test_a_program_that_does_not_end_is_stopped() -> None:
    with pytest.raises(ToolError, match="did not end within 0"):
        toolchain.attempt(["sleep", "9"], time_limit=0.1)


def test_an_unknown_target_lists_the_names() -> None:
    with pytest.raises(OptionError, match="host, cortex-m0plus, cortex-m3, cortex-m4"):
        targets.get("cortex-m99")


def test_every_target_forbids_contraction() -> None:
    assert all("-ffp-contract=off" in target.cflags for target in targets.TARGETS)


@pytest.mark.parametrize("name", boards.names())
def test_boards_are_complete(name: str) -> None:
    board = boards.get(name)
    memories = sorted(board.memories, key=lambda memory: memory.origin)
    assert set(board.placement) == set(PLACES)
    for low, high in pairwise(memories):
        assert low.origin + low.size <= high.origin


@pytest.mark.parametrize("target", [t for t in targets.TARGETS if t.emulator], ids=lambda t: t.name)
def test_emulated_targets_have_a_board_of_their_processor(target: targets.Target) -> None:
    assert target.emulator is not None
    assert boards.get(target.emulator).cpu == target.name


def test_an_unknown_board_lists_the_names() -> None:
    with pytest.raises(OptionError, match="mps2-an386, mps2-an500"):
        boards.get("breadboard")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('arena = "ssram23"', 'arena = "nowhere"', "placement.arena names no memory"),
        ('summary = "', 'title = "', "summary"),
        ("speed = 8", 'speed = 8\ncolour = "red"', "colour"),
        ("[placement]", "[placement", "Expected ']'"),
    ],
)
def test_a_bad_board_file_is_explained(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (resources.path("boards") / "mps2-an386.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(OptionError) as error:
        boards.load(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_commas_are_doubled_in_emulator_options() -> None:
    assert qemu.escape("/a,b") == "/a,,b"
    options = plugin.arguments(Path("/x,y.so"), mark=0x1F0, out=Path("/out,put"))
    assert options == ["-plugin", "/x,,y.so,mark=1f0,out=/out,,put"]


def test_counts_are_differences_between_pairs_of_marks() -> None:
    assert plugin.between_marks("10\n25\n100\n130\n", 2) == [15, 30]
    with pytest.raises(ToolError, match="3 marks were counted instead of 2 x 2"):
        plugin.between_marks("1\n2\n3\n", 2)
