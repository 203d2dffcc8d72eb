# SPDX-License-Identifier: Apache-2.0
"""Runs a compiled model on samples and says what came out, and what it took."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from microlith.emit.templates import render
from microlith.errors import ToolError
from microlith.ir.graph import Array
from microlith.ir.program import Program
from microlith.simulate import image, plugin, qemu, samples, toolchain
from microlith.simulate.histogram import Histogram, read_spans
from microlith.simulate.image import Firmware
from microlith.simulate.listing import disassemble
from microlith.simulate.measure import Figures
from microlith.simulate.samples import TraceKey
from microlith.targets.target import Target

_MARK = "mr_mark"
_COUNTS = "instructions.txt"
_HISTOGRAM = "histogram.txt"
_LOCKUP = "qemu: fatal: Lockup"


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """`outputs` are arrays [samples, *shape] by port key; `instructions` executed in each invoke,
    or None without an emulator that counts; `flash` {code, weights, system} and `ram` {arena,
    data, bss, stack, system} in bytes, None where they cannot be measured;
    `trace` the bytes of each op's outputs, uint8[samples, bytes], `steps` the instructions of
    each step of each sample, and `histogram` which they are, with a span for each step or invoke,
    when asked for."""

    outputs: dict[str, Array]
    instructions: list[int] | None
    flash: Figures
    ram: Figures
    trace: dict[TraceKey, Array] | None
    samples: int
    steps: list[list[int]] | None = None
    histogram: Histogram | None = None


def run(
    program: Program,
    sources: Path,
    target: Target,
    inputs: Mapping[str, Array],
    *,
    keep: Path | None = None,
    trace: bool = False,
    profile: bool = False,
    histogram: bool = False,
    count: bool = True,
    sanitize: bool = False,
    time_limit: float | None = None,
) -> SimulationResult:
    """Builds `sources`, as emit wrote them, and runs all samples in one go.

    `inputs` has an array [samples, *shape] for each input's key; variables of the model keep their
    values from one sample to the next. `keep` names a directory that then holds the sources, the
    firmware and a script `run` that runs the same samples again. With `trace`, every op's outputs
    are returned, and instructions are not counted; with `profile` they are counted for each step
    instead of each invoke; `histogram` also tells which instructions they are. `sanitize` builds
    with ASan and UBSan, on this machine only. The time limit is in seconds.

    InputError when samples do not match the model; ToolError when a tool is missing, or the
    firmware does not fit, fails or exceeds the time limit.
    """
    data, number = samples.pack(program.inputs, inputs)
    limit = time_limit if time_limit is not None else _time_limit(program, number)
    mode = "trace" if trace else "profile" if profile else "run"
    with _workspace(sources, keep) as directory:
        firmware = image.build_firmware(program, sources, target, directory, sanitize=sanitize)
        (directory / "input.bin").write_bytes(data)
        _write_run_script(target, firmware, directory, mode)
        counter = None
        if count and not trace:
            counter = _counter(target, firmware, directory, histogram=histogram)
        _execute(_command(target, firmware, directory, mode, counter or ()), limit)
        result = _collect(program, firmware, directory, number, mode, counted=counter is not None)
        if counter is None or not histogram:
            return result
        return replace(result, histogram=_histogram(target, firmware, directory))


def _time_limit(program: Program, number: int) -> float:
    """Seconds that no sound firmware needs: an emulated MAC takes well under a microsecond."""
    macs = sum(call.macs for call in program.calls)
    return 60 + 2e-6 * macs * number


@contextmanager
def _workspace(sources: Path, keep: Path | None) -> Iterator[Path]:
    """Where the firmware is built and run: `keep`, with a copy of the sources, or a directory
    that is removed at the end."""
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="microlith-") as scratch:
            yield Path(scratch)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if keep.resolve() != sources.resolve():
        shutil.copytree(sources, keep, dirs_exist_ok=True)
    yield keep.resolve()


def _command(
    target: Target, firmware: Firmware, directory: Path, mode: str, options: Sequence[str]
) -> list[str]:
    return qemu.command(
        target,
        firmware=str(firmware.path),
        directory=str(directory),
        escaped=qemu.escape(str(directory)),
        mode=mode,
        options=options,
    )


def _write_run_script(target: Target, firmware: Firmware, directory: Path, mode: str) -> None:
    """A script that runs the firmware beside it, wherever the directory is moved."""
    command = qemu.command(
        target,
        firmware=f"$here/{firmware.path.name}",
        directory="$here",
        escaped="$escaped",
        mode=mode,
        options=("$@",),
    )
    text = render(
        "run.sh.j2",
        command=" ".join(f'"{word}"' for word in command),
        emulated=qemu.program(target) is not None,
        on_board=target.emulator is not None,
    )
    script = directory / "run"
    script.write_text(text, encoding="utf-8", newline="\n")
    script.chmod(0o755)


def _counter(
    target: Target, firmware: Firmware, directory: Path, *, histogram: bool
) -> list[str] | None:
    """The emulator's options that count instructions; None when it cannot."""
    emulator = qemu.program(target)
    if emulator is None or firmware.image is None:
        return None
    library = plugin.library(emulator)
    if library is None:
        return None
    mark = firmware.image.address(_MARK)
    into = directory / _HISTOGRAM if histogram else None
    return plugin.arguments(library, mark=mark, out=directory / _COUNTS, histogram=into)


def _histogram(target: Target, firmware: Firmware, directory: Path) -> Histogram:
    text = _take(directory / _HISTOGRAM).decode("ascii")
    return Histogram(read_spans(text), disassemble(target, firmware.path))


def _execute(command: Sequence[str], time_limit: float) -> None:
    program = toolchain.find(command[0])
    result = toolchain.attempt([program, *command[1:]], time_limit=time_limit)
    if result.returncode != 0:
        said = (result.stderr + result.stdout).strip()
        if _LOCKUP in said:
            said = "the core locked up: a fault during a fault, as after a stack overflow"
        code = result.returncode
        ending = f"exit code {code}" if code > 0 else f"signal {-code}"
        raise ToolError(f"the firmware failed ({ending}): {said}")


def _collect(
    program: Program, firmware: Firmware, directory: Path, number: int, mode: str, *, counted: bool
) -> SimulationResult:
    """Reads what the run left behind, and removes what is of no use afterwards."""
    outputs = samples.unpack(program.outputs, (directory / "output.bin").read_bytes(), number)
    stack = int((directory / "report.txt").read_text(encoding="ascii").split()[1]) or None
    flash, ram = firmware.figures(program.name, stack)
    instructions = trace = steps = None
    if counted:
        text = _take(directory / _COUNTS).decode("ascii")
        parts = len(program.steps) if mode == "profile" else 1
        counts = plugin.between_marks(text, number * parts)
        steps = [counts[first : first + parts] for first in range(0, len(counts), parts)]
        instructions = [sum(step) for step in steps]
    if mode == "trace":
        trace = samples.unpack_trace(_take(directory / "trace.bin"), number)
    return SimulationResult(outputs, instructions, flash, ram, trace, number, steps)


def _take(path: Path) -> bytes:
    data = path.read_bytes()
    path.unlink()
    return data
