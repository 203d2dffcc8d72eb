# SPDX-License-Identifier: Apache-2.0
"""What `generate` and `simulate --keep` leave in a directory, and what they leave alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from microlith.simulate import measure, plugin
from tests.cli import models
from tests.cli.conftest import Microlith
from tests.tools import need_program, need_target

Save = Callable[..., Path]


def sources(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*.c"))


def test_generate_removes_what_it_no_longer_makes(
    save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    first, second = save(models.softmax(), "first.tflite"), save(models.relu(), "second.tflite")
    reused, fresh = tmp_path / "reused", tmp_path / "fresh"
    assert microlith("generate", first, "-o", reused).code == 0
    (reused / "src" / "mine.c").write_text("/* mine */")
    (reused / "model" / "first_weights.c").write_text("/* edited */")
    assert microlith("generate", second, "-o", reused).code == 0
    assert microlith("generate", second, "-o", fresh).code == 0
    left = ["model/first_weights.c", "src/mine.c"]
    assert sources(reused) == sorted(sources(fresh) + left)
    assert not list(reused.rglob("*.part"))


def test_edited_files_need_force(save: Save, microlith: Microlith, tmp_path: Path) -> None:
    path, project = save(models.relu()), tmp_path / "project"
    for argument in ("--keep", "-o"):
        verb = "simulate" if argument == "--keep" else "generate"
        assert microlith(verb, path, argument, project).code == 0
        (project / "model" / "net.c").write_bytes(b"edited, in Latin-1: \xe9")
        ending = microlith(verb, path, argument, project)
        assert ending.code == 2 and "model/net.c would be overwritten" in ending.err
        assert (project / "model" / "net.c").read_bytes().startswith(b"edited")
        assert microlith("generate", path, "-o", project, "--force").code == 0


def test_a_kept_directory_can_be_used_again(
    save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    first, second = save(models.softmax(), "first.tflite"), save(models.relu(), "second.tflite")
    kept = tmp_path / "kept"
    microlith("simulate", first, "--keep", kept)
    again = microlith("simulate", second, "--keep", kept, "--json").json
    assert again == microlith("simulate", second, "--json").json
    assert not [name for name in sources(kept) if "first" in name]


def test_keeping_in_a_project_leaves_the_project_whole(
    save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    first, second = save(models.softmax(), "first.tflite"), save(models.relu(), "second.tflite")
    project = tmp_path / "project"
    microlith("generate", first, "-o", project)
    before = sources(project)
    for path in (first, second):
        assert microlith("simulate", path, "--keep", project).code == 0
    assert set(before) <= set(sources(project))
    assert microlith("generate", first, "-o", project).code == 0


@pytest.mark.parametrize("target", ["host", "cortex-m4", "cortex-m55"])
def test_the_script_runs_anywhere(
    target: str, save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    need_target(target)
    kept, moved = tmp_path / "kept", tmp_path / "moved, with spaces"
    ending = microlith(
        *("simulate", save(models.softmax()), "--target", target, "--samples", "3"),
        *("--keep", kept, "--json"),
    )
    outputs = (kept / "output.bin").read_bytes()
    shutil.move(kept, moved)
    (moved / "output.bin").unlink()
    arguments, counts = [], tmp_path / "counts.txt"
    image = measure.read((moved / "firmware.elf").read_bytes())
    library = plugin.library("qemu-system-arm") if target != "host" else None
    if library is not None and image is not None:
        shutil.copy(library, tmp_path / "counter.so")
        mark = image.address("mr_mark")
        arguments = ["-plugin", f"./counter.so,mark={mark:x},out=counts.txt"]
    script = tmp_path / "link to run"
    script.symlink_to(moved / "run")
    subprocess.run([script, *arguments], cwd=tmp_path, check=True, timeout=60)
    assert (moved / "output.bin").read_bytes() == outputs
    if arguments:
        assert plugin.between_marks(counts.read_text(), 3) == ending.json["instructions"]


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_all_memory_of_the_model_has_names(
    target: str, save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    need_target(target)
    result = microlith(
        *("simulate", save(models.softmax()), "--target", target),
        *("--keep", tmp_path / "kept", "--json"),
    ).json
    image = measure.read((tmp_path / "kept" / "firmware.elf").read_bytes())
    assert image is not None
    assert image.size("net_arena", "net_state") == result["ram"]["arena"] > 0
    assert image.size("net_weights") <= result["flash"]["weights"]
    assert result["ram"]["data"] == result["ram"]["bss"] == 0


@pytest.mark.parametrize("name", ["test", "all", "m"])
def test_projects_may_have_names_that_build_systems_use(
    name: str, save: Save, microlith: Microlith, tmp_path: Path
) -> None:
    need_program("cmake")
    project = tmp_path / "project"
    assert microlith("generate", save(models.relu(), f"{name}.tflite"), "-o", project).code == 0
    for command in (
        ["make", "run"],
        ["cmake", "-S", ".", "-B", "cmake"],
        ["cmake", "--build", "cmake"],
        ["ctest", "--test-dir", "cmake"],
    ):
        subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=120)
    assert (project / "cmake" / name).is_file()
