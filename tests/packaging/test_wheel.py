# SPDX-License-Identifier: Apache-2.0
"""The wheel holds all that the tool needs, and works outside a checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.paths import ROOT

SHIPPED_FOLDERS = ("templates", "micro_runtime", "boards")
DIGITS = ROOT / "examples" / "digits"
MODEL = DIGITS / "digits_int8.tflite"
LEFT_BEHIND = {"__pycache__", ".DS_Store"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built with the build backend of this environment: nothing is downloaded."""
    directory = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", directory, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    (built,) = directory.glob("*.whl")
    return built


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the wheel in it, and an empty directory to work in."""

    scripts: Path
    directory: Path

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # Neither the checkout nor what the tests run with may leak in.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return subprocess.run(
            arguments,
            cwd=self.directory,
            env=environment,
            text=True,
            capture_output=True,
            check=True,
        )

    def microlith(self, *arguments: str | Path) -> Any:
        """Run the installed command and parse the JSON object that it prints."""
        return json.loads(self.run(self.scripts / "microlith", *arguments, "--json").stdout)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel in a clean environment; its dependencies are those of this environment."""
    home = tmp_path_factory.mktemp("installation")
    environment = home / "venv"
    venv.create(environment, symlinks=os.name != "nt")
    names = {"base": str(environment), "platbase": str(environment)}
    scheme = sysconfig.get_paths("venv", vars=names)
    python = Path(scheme["scripts"]) / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--python", python,
         "install", "--no-index", "--no-deps", wheel],
        check=True, capture_output=True,
    )  # fmt: skip
    # Editable installations of this environment stay out: .pth files count in site folders only.
    borrowed = Path(scheme["purelib"]) / "borrowed.pth"
    borrowed.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    work = home / "work"
    work.mkdir()
    return Installation(Path(scheme["scripts"]), work)


def _shipped(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not LEFT_BEHIND & set(path.parts)
    }


def test_wheel_holds_the_package_and_its_data_only(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    information = {name for name in names if name.startswith("microlith-")}
    package = names - information
    data = {name.removeprefix("microlith/_data/") for name in package if "/_data/" in name}
    assert data == set().union(*map(_shipped, SHIPPED_FOLDERS))
    modules = {name for name in package if "/_data/" not in name}
    others = {name for name in modules if not name.endswith((".py", ".c", "py.typed"))}
    assert all(re.fullmatch(r"microlith/targets/cycles/[\w-]+\.toml", name) for name in others)
    assert others, "the cycle tables are missing"
    assert {name.split("/")[0] for name in modules} == {"microlith"}
    assert any(name.endswith("licenses/LICENSE-RUNTIME") for name in information)


def test_installed_package_is_the_one_that_runs(installed: Installation) -> None:
    python = installed.scripts / "python"
    code = "import microlith.resources as r; print(r.__file__, r.path('templates'), sep='\\n')"
    module, templates = installed.run(python, "-c", code).stdout.splitlines()
    assert Path(module).is_relative_to(installed.scripts.parent)
    assert Path(templates).is_relative_to(installed.scripts.parent)
    assert Path(templates).is_dir()


def test_installed_tool_lists_targets(installed: Installation) -> None:
    names = [target["name"] for target in installed.microlith("targets")["targets"]]
    assert {"host", "cortex-m4", "cortex-m55"} <= set(names)


def test_installed_tool_generates(installed: Installation) -> None:
    manifest = installed.microlith("generate", MODEL, "-o", "firmware", "--target", "cortex-m4")
    assert manifest["target"] == "cortex-m4"
    assert (installed.directory / "firmware" / "Makefile").is_file()


def test_installed_tool_simulates(installed: Installation) -> None:
    samples = DIGITS / "samples.npz"
    report = installed.microlith("simulate", MODEL, "--input", samples, "--output", "out.npz")
    labels = np.load(DIGITS / "labels.npy")
    assert report["samples"] == len(labels)
    with np.load(installed.directory / "out.npz") as outputs:
        (scores,) = (outputs[name] for name in outputs.files)
    recognised = scores.reshape(len(labels), -1).argmax(axis=1)
    assert np.mean(recognised == labels) > 0.9
