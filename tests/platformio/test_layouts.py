# SPDX-License-Identifier: Apache-2.0
"""Arduino libraries and Zephyr modules: compiled as these systems would, metadata checked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from microlith import targets
from microlith.cli.main import app
from tests.platformio.test_projects import DIGITS, generate
from tests.tools import need_target

PRINT = "#include <stdio.h>\nvoid mr_print(const char *t);\nvoid mr_print(const char *t)\n{\n"
PRINT += '    (void)printf("%s", t);\n}\n'


def host_library(layout: str, directory: Path) -> None:
    """Generates the layout with code for this machine, where it can be run."""
    arguments = ["generate", str(DIGITS), "--project", layout, "-o", str(directory)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0


def run_selftest(directory: Path, sources: list[Path], options: list[str]) -> str:
    main = directory / "main.c"
    main.write_text(
        PRINT + '#include "selftest.h"\nint main(void) { return digits_int8_selftest(); }\n'
    )
    program = directory / "program"
    command = ["cc", *options, *map(str, [*sources, main]), "-lm", "-o", str(program)]
    subprocess.run(command, check=True, timeout=300)
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout


def test_an_arduino_library_passes_its_test(tmp_path: Path) -> None:
    host_library("arduino", tmp_path)
    # As Arduino's builder does: every source below src/, which is the only include path.
    sources = sorted((tmp_path / "src").rglob("*.c"))
    options = ["-std=gnu11", "-Os", f"-I{tmp_path / 'src'}"]
    assert run_selftest(tmp_path, sources, options).endswith("PASS\n")


def test_arduino_sources_compile_for_a_board_without_warnings(tmp_path: Path) -> None:
    need_target("cortex-m4")
    generate("nano33ble", tmp_path, DIGITS, "--project", "arduino")
    target = targets.get("cortex-m4")
    for source in sorted((tmp_path / "src").rglob("*.c")):
        command = [target.compiler, *target.flags, "-std=gnu11", "-Wall", "-Wextra", "-Werror"]
        command += [f"-I{tmp_path / 'src'}", "-c", str(source), "-o", str(tmp_path / "x.o")]
        subprocess.run(command, check=True, timeout=300)


def test_the_arduino_metadata_follow_the_specification(tmp_path: Path) -> None:
    host_library("arduino", tmp_path)
    text = (tmp_path / "library.properties").read_text()
    entries = dict(
        line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")
    )
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category"}
    assert required | {"architectures"} <= set(entries)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]*", entries["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", entries["version"])
    assert entries["category"] == "Data Processing"
    assert (tmp_path / "src" / entries["includes"]).is_file()
    sketch = tmp_path / "examples/selftest/selftest.ino"
    assert "void setup()" in sketch.read_text() and "void loop()" in sketch.read_text()


def test_a_zephyr_module_passes_its_test(tmp_path: Path) -> None:
    host_library("zephyr", tmp_path)
    text = (tmp_path / "CMakeLists.txt").read_text()
    sources = [tmp_path / name for name in re.findall(r"^\s+(\S+\.c)$", text, re.MULTILINE)]
    assert set(sources) == {path for path in tmp_path.rglob("*.c") if "samples" not in path.parts}
    include = re.search(r"zephyr_include_directories\((.*)\)", text)
    assert include is not None
    options = [f"-I{tmp_path / folder}" for folder in include[1].split()]
    printed = run_selftest(tmp_path, sources, ["-std=c11", "-ffp-contract=off", *options])
    assert printed.endswith("PASS\n")


def test_the_zephyr_metadata_belong_together(tmp_path: Path) -> None:
    host_library("zephyr", tmp_path)
    kconfig = (tmp_path / "Kconfig").read_text()
    symbols = set(re.findall(r"^config (\w+)$", kconfig, re.MULTILINE))
    used = re.findall(r"CONFIG_(MICROLITH_\w+)", (tmp_path / "CMakeLists.txt").read_text())
    set_up = re.findall(
        r"CONFIG_(MICROLITH_\w+)=y", (tmp_path / "samples/selftest/prj.conf").read_text()
    )
    assert symbols == set(used) == set(set_up)
    module = (tmp_path / "zephyr/module.yml").read_text()
    assert "cmake: .\n" in module and "kconfig: Kconfig\n" in module


@pytest.mark.parametrize("layout", ["arduino", "zephyr"])
def test_examples_belong_to_the_user(layout: str, tmp_path: Path) -> None:
    host_library(layout, tmp_path)
    example = next(p for p in tmp_path.rglob("*") if p.suffix == ".ino" or p.name == "prj.conf")
    example.write_text("mine")
    host_library(layout, tmp_path)
    assert example.read_text() == "mine"
