# SPDX-License-Identifier: Apache-2.0
"""What `make demo` shows: the digits model compiled, run, and its answers drawn in the terminal.

Everything goes through the command line that users have; each command is printed before it runs.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.color import Color
from rich.console import Console, Group
from rich.style import Style
from rich.table import Table
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
DIGITS = Path("examples/digits")
MODEL = DIGITS / "digits_int8.tflite"
SAMPLES = DIGITS / "samples.npz"
RESULTS = Path("build/demo")
EMULATED = "cortex-m4"
EMULATOR_TOOLS = ("arm-none-eabi-gcc", "qemu-system-arm")
DIGITS_PER_LINE = 8

Image = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Run:
    """What `microlith simulate` measured on one target, and the model's outputs (samples, 10)."""

    target: str
    flash: Mapping[str, int]
    ram: Mapping[str, int]
    instructions: int | None
    outputs: npt.NDArray[np.int8]

    @property
    def recognised(self) -> list[int]:
        """The digit with the largest output, sample by sample."""
        return [int(row.argmax()) for row in self.outputs]


def microlith(console: Console, *arguments: str) -> dict[str, Any]:
    """Run the command line from the checkout and return its JSON object."""
    console.print(f"[bold green]$[/] microlith {shlex.join(arguments)}", soft_wrap=True)
    command = [sys.executable, "-m", "microlith", *arguments, "--json"]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit(result.returncode)  # the reason is on standard error already
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def simulate(console: Console, target: str) -> Run:
    """Compile the digits model for `target`, run all samples in one go, keep what was built."""
    outputs = RESULTS / f"{target}.npz"
    report = microlith(
        console, "simulate", str(MODEL), "--target", target,
        "--input", str(SAMPLES), "--output", str(outputs), "--keep", str(RESULTS / target),
    )  # fmt: skip
    with np.load(ROOT / outputs) as arrays:
        (scores,) = (arrays[name] for name in arrays.files)
    counted = report["instructions"]
    return Run(
        target=target,
        flash=report["flash"],
        ram=report["ram"],
        instructions=round(sum(counted) / len(counted)) if counted else None,
        outputs=scores.reshape(len(scores), -1),
    )


def picture(image: Image, colour: bool) -> Text:
    """Draw an int8 image of shape (h, w), two rows of pixels in a line of half blocks."""
    ink = (image.astype(np.int16) + 128).tolist()
    lines = [
        Text.assemble(*(half_block(*pixels, colour) for pixels in zip(upper, lower, strict=True)))
        for upper, lower in zip(ink[::2], ink[1::2], strict=True)
    ]
    return Text("\n").join(lines)


def half_block(top: int, bottom: int, colour: bool) -> tuple[str, Style]:
    """One character for two pixels of 0 .. 255, black and white where there is no colour."""
    if colour:
        return "▀", Style(color=grey(top), bgcolor=grey(bottom))
    return " ▄▀█"[2 * (top > 127) + (bottom > 127)], Style()


def grey(level: int) -> Color:
    return Color.from_rgb(level, level, level)


def gallery(images: Sequence[Image], labels: Sequence[int], answers: Sequence[int],
            colour: bool) -> Table:  # fmt: skip
    """All images in lines of eight, each above its answer."""
    grid = Table.grid(padding=(0, 2))
    drawn = [
        Group(picture(image, colour), caption(label, answer))
        for image, label, answer in zip(images, labels, answers, strict=True)
    ]
    for start in range(0, len(drawn), DIGITS_PER_LINE):
        grid.add_row(*drawn[start : start + DIGITS_PER_LINE])
        grid.add_row()
    return grid


def caption(label: int, answer: int) -> Text:
    if answer == label:
        return Text(f"{answer} ✓".center(8), style="green")
    return Text(f"{answer} ✗ {label}".center(8), style="bold red")


def figures(runs: Sequence[Run]) -> Table:
    """Bytes and instructions, a column a target."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column()
    for run in runs:
        table.add_column(run.target, justify="right")
    rows: dict[str, list[int | None]] = {
        "arena, bytes of RAM": [run.ram["arena"] for run in runs],
        "weights, bytes of flash": [run.flash["weights"] for run in runs],
        "code, bytes of flash": [run.flash["code"] for run in runs],
        "instructions an inference": [run.instructions for run in runs],
    }
    for name, values in rows.items():
        table.add_row(name, *("-" if value is None else f"{value:,}" for value in values))
    return table


def verdict(runs: Sequence[Run], labels: Sequence[int]) -> str:
    """How many samples were recognised, and whether the targets agree."""
    right = sum(a == b for a, b in zip(runs[0].recognised, labels, strict=True))
    accuracy = json.loads((ROOT / DIGITS / "accuracy.json").read_text(encoding="utf-8"))
    text = (
        f"{right} of {len(labels)} recognised "
        f"({accuracy['int8_accuracy']:.1%} of all {accuracy['test_images']} test images)."
    )
    if len(runs) > 1:
        same = all(np.array_equal(run.outputs, runs[0].outputs) for run in runs)
        names = " and ".join(run.target for run in runs)
        text += f"\nOutputs of {names}: {'the same bytes' if same else 'DIFFERENT'}."
    return text


def main() -> None:
    console = Console(highlight=False)
    missing = [tool for tool in EMULATOR_TOOLS if shutil.which(tool) is None]
    targets = ["host"] if missing else ["host", EMULATED]
    shutil.rmtree(ROOT / RESULTS, ignore_errors=True)
    (ROOT / RESULTS).mkdir(parents=True)
    runs = [simulate(console, target) for target in targets]
    with np.load(ROOT / SAMPLES) as arrays:
        (samples,) = (arrays[name] for name in arrays.files)
    labels: list[int] = np.load(ROOT / DIGITS / "labels.npy").tolist()
    images = [sample.reshape(8, 8) for sample in samples]

    console.print()
    colour = console.color_system is not None and not console.no_color
    console.print(gallery(images, labels, runs[-1].recognised, colour))
    console.print(verdict(runs, labels), "\n")
    console.print(figures(runs))
    if missing:
        console.print(f"\nRun on this machine only: {', '.join(missing)} not found.")
    console.print(f"\nThe C sources, and what was built from them: {RESULTS}")
    console.print("Next, every op against the reference:")
    tool = os.path.relpath(Path(sys.prefix, "bin", "microlith"), ROOT)
    console.print(f"  {tool} verify {MODEL} --target {targets[-1]}", soft_wrap=True)


if __name__ == "__main__":
    main()
