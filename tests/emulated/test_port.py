# SPDX-License-Identifier: Apache-2.0
"""The simulator end to end, on a model written by hand: harness, startup, counter, measures."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from microlith import targets
from microlith.errors import ToolError
from microlith.simulate import plugin, qemu
from microlith.simulate.run import SimulationResult, run
from tests import toy
from tests.tools import TARGETS, need_target

ALL = TARGETS
EMULATED = [target.name for target in targets.TARGETS if qemu.program(target)]
BOARDS = [target.name for target in targets.TARGETS if target.emulator]


@pytest.fixture(autouse=True)
def _tools(request: pytest.FixtureRequest) -> None:
    call = getattr(request.node, "callspec", None)
    need_target(call.params.get("target", "host") if call else "host")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.write_sources(tmp_path_factory.mktemp("toy"))


def requests(*pairs: tuple[int, int]) -> dict[str, npt.NDArray[np.int8]]:
    x = np.zeros((len(pairs), 2, 4), np.int8)
    x[:, 0, :2] = pairs
    return {"x": x}


def simulate(
    sources: Path, target: str, *pairs: tuple[int, int], **options: object
) -> SimulationResult:
    return run(toy.program(target), sources, targets.get(target), requests(*pairs), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ALL)
def test_outputs_and_state_across_samples(target: str, sources: Path) -> None:
    result = simulate(sources, target, (toy.SPIN, 1), (toy.SPIN, 2), (toy.SPIN, 3))
    x = requests((toy.SPIN, 1), (toy.SPIN, 2), (toy.SPIN, 3))["x"]
    past = np.arange(3, dtype=np.int8).reshape(3, 1, 1)
    assert result.samples == 3
    assert np.array_equal(result.outputs["y"], x + np.array(toy.WEIGHTS, np.int8) + past)
    assert result.outputs["count"].tolist() == [[1], [2], [3]]


@pytest.mark.parametrize("target", ALL)
def test_trace_has_every_op_put_together_from_bands(target: str, sources: Path) -> None:
    result = simulate(sources, target, (toy.SPIN, 1), (toy.SPIN, 2), trace=True)
    assert result.trace is not None
    assert set(result.trace) == {(0, 0), (1, 0)}
    assert np.array_equal(result.trace[0, 0].view(np.int8).reshape(2, 2, 4), result.outputs["y"])
    assert np.array_equal(result.trace[1, 0].view(np.int32), result.outputs["count"])


@pytest.mark.parametrize("target", EMULATED)
def test_instructions_are_exact_and_repeatable(target: str, sources: Path) -> None:
    emulator = qemu.program(targets.get(target))
    assert emulator is not None
    if plugin.library(emulator) is None:
        pytest.skip(f"{emulator} takes no plugins")
    turns = [1, 2, 100, 1]
    counts = [
        simulate(sources, target, *((toy.SPIN, n) for n in turns)).instructions for _ in range(2)
    ]
    assert counts[0] is not None
    assert counts[0] == counts[1]
    loop = [100 * n * toy.INSTRUCTIONS_PER_TURN for n in turns]
    assert {n - m for n, m in zip(counts[0], loop, strict=True)} == {counts[0][0] - loop[0]}


@pytest.mark.parametrize("target", BOARDS)
def test_measures_come_from_the_sections(target: str, sources: Path) -> None:
    result = simulate(sources, target, (toy.DEEP, 5))
    instance = 5 * targets.get(target).pointer_size
    assert result.flash["weights"] == len(toy.WEIGHTS)
    assert result.flash["code"] in range(400, 1200)
    assert result.flash["system"] in range(1000, 6000)
    assert result.ram["arena"] == toy.ARENA + instance
    assert (result.ram["data"], result.ram["bss"]) == (8, 0)
    assert result.ram["stack"] in range(5000, 7000)


@pytest.mark.parametrize("target", sorted({*ALL} - {*BOARDS}))
def test_measures_of_programs(target: str, sources: Path) -> None:
    result = simulate(sources, target, (toy.SPIN, 0))
    if result.flash["code"] is None:
        pytest.skip("programs of this machine are not ELF files")
    assert result.flash["weights"] == len(toy.WEIGHTS)
    assert result.flash["code"] in range(400, 4000)
    assert (result.ram["data"], result.ram["bss"]) == (4, 0)
    assert result.ram["stack"] in range(1, 4000)


@pytest.mark.parametrize("target", ALL)
def test_initialised_data_is_there(target: str, sources: Path) -> None:
    result = simulate(sources, target, (toy.DATA, 0), (toy.DATA, 0))
    assert result.outputs["count"].tolist() == [[0x12345678], [0x12345679]]


MAINLINE = [name for name in BOARDS if name not in ("cortex-m0plus", "riscv32")]
"""Cores that tell the cause of a fault, and fault when they divide by zero."""

FAULTS = [
    *((name, (toy.DIVIDE, 0), "UsageFault, division by zero") for name in MAINLINE),
    *((name, (toy.LOST, 0), "BusFault, data access failed") for name in MAINLINE),
    ("cortex-m0plus", (toy.LOST, 0), "HardFault at pc"),
    ("riscv32", (toy.LOST, 0), "load access fault at pc .* address 0xe8000000"),
    ("aarch64", (toy.LOST, 0), "signal 11"),
    *((name, (toy.DEEP, 60), "stack overflow") for name in BOARDS),
    *((name, (toy.REFUSE, 0), "a kernel failed") for name in TARGETS),
]


@pytest.mark.parametrize(("target", "request_", "message"), FAULTS)
def test_faults_are_reported(
    target: str, request_: tuple[int, int], message: str, sources: Path
) -> None:
    with pytest.raises(ToolError, match=message):
        simulate(sources, target, request_)


@pytest.mark.parametrize("target", ALL)
def test_a_firmware_that_hangs_is_stopped(target: str, sources: Path) -> None:
    with pytest.raises(ToolError, match="did not end within 1 s"):
        simulate(sources, target, (toy.ENDLESS, 0), time_limit=1)


@pytest.mark.parametrize(
    ("request_", "message"),
    [((toy.DIVIDE, 0), "division by zero"), ((toy.OVERRUN, 1), "AddressSanitizer")],
    ids=["divide", "overrun"],
)
def test_sanitizers_find_faults(request_: tuple[int, int], message: str, sources: Path) -> None:
    with pytest.raises(ToolError, match=message):
        simulate(sources, "host", request_, sanitize=True)


@pytest.mark.parametrize("target", ALL)
def test_the_kept_directory_runs_again_wherever_it_is(
    target: str, sources: Path, tmp_path: Path
) -> None:
    simulate(sources, target, (toy.SPIN, 1), (toy.SPIN, 2), keep=tmp_path / "kept")
    expected = (tmp_path / "kept" / "output.bin").read_bytes()
    moved = tmp_path / "a b, c"
    shutil.move(tmp_path / "kept", moved)
    (moved / "output.bin").unlink()
    extra = ["-d", "plugin", "-D", "log"] if qemu.program(targets.get(target)) else []
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run([moved / "run", *extra], check=True, timeout=60, cwd=work)
    assert (moved / "output.bin").read_bytes() == expected
    assert (moved / "model" / "toy.c").is_file()
    assert (moved / "firmware.elf").is_file()


def enlarge(sources: Path, directory: Path, old: str, new: str) -> Path:
    shutil.copytree(sources, directory)
    for file in (directory / "model").iterdir():
        file.write_text(file.read_text().replace(old, new))
    return directory


@pytest.mark.parametrize(("target", "arena"), [("cortex-m4", 0x3F0000), ("cortex-m55", 0x400000)])
def test_arena_may_fill_the_memory(target: str, arena: int, sources: Path, tmp_path: Path) -> None:
    large = enlarge(sources, tmp_path / "large", "48u", f"{arena:#x}u")
    result = simulate(large, target, (toy.SPIN, 1))
    assert result.ram["arena"] == arena + 5 * 4
    assert result.outputs["count"].tolist() == [[1]]


@pytest.mark.parametrize("target", BOARDS)
def test_constants_may_take_two_megabytes(target: str, sources: Path, tmp_path: Path) -> None:
    large = enlarge(
        sources, tmp_path / "large", "int8_t added[4]", f"int8_t zero[{0x1FFFF0}], added[4]"
    )
    result = simulate(large, target, (toy.SPIN, 1))
    assert result.flash["weights"] == 0x1FFFF4
    assert result.outputs["y"][0, 1].tolist() == list(toy.WEIGHTS)


@pytest.mark.parametrize("target", BOARDS)
def test_a_firmware_too_large_for_the_board_is_explained(
    target: str, sources: Path, tmp_path: Path
) -> None:
    large = enlarge(sources, tmp_path / "large", "48u", "0x500000u")
    with pytest.raises(ToolError, match=r"needs \d+ bytes more than memory \w+ has"):
        simulate(large, target, (toy.SPIN, 1))
