# SPDX-License-Identifier: Apache-2.0
"""Instruction counts of the example and of the MLPerf Tiny models, exact, under the emulator.

Without an option: prints the tables of `microlith bench` and writes them to build/bench.json.
--diff compares with the committed baseline, and exits with 1 when a count has grown by more than
2 %; --baseline writes it anew; --markdown prints README's tables, for which CMSIS_NN_DIR names
CMSIS-NN's directory.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import microlith
from microlith import targets
from microlith.benchmark import Benchmark, benchmark
from microlith.errors import MicrolithError
from microlith.execute import simulate
from microlith.ir.program import Program
from microlith.simulate import toolchain
from microlith.verify.inputs import random_inputs

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "models" / "mlperf_tiny"
MODELS = {"digits": ROOT / "examples" / "digits" / "digits_int8.tflite"} | {
    name: SHARED / f"{name}_int8.tflite" for name in ("kws", "ic", "vww", "ad", "sww")
}
TARGETS = ("cortex-m4", "cortex-m55")
BASELINE = ROOT / "tests" / "bench" / "baseline.json"
REPORT = ROOT / "build" / "bench.json"
FRAMEWORK = {
    "cortex-m4": {
        "kws": 7_699_734, "ic": 29_863_153, "vww": 24_101_543, "ad": 582_865, "sww": 2_226_963,
    },
    "cortex-m55": {
        "kws": 1_815_664, "ic": 4_911_512, "vww": 6_557_949, "ad": 149_926, "sww": 407_297,
    },
}  # fmt: skip
"""Instructions of TensorFlow Lite Micro (90b983c) with CMSIS-NN (99f736a), GCC 12.2 -O2, counted
the same way."""

GROWTH = 0.02
"""Part by which a count may grow before it is an error."""

Counts = Mapping[str, Any]
"""`total`: instructions of an invoke; `ops`: those of each op, by its number and type."""


def available() -> dict[str, Path]:
    """The models that are there; those of MLPerf Tiny lie beside the checkout."""
    return {name: path for name, path in MODELS.items() if path.is_file()}


def compiler(target: str) -> str:
    """The compiler's version: counts of two versions cannot be compared."""
    identity = toolchain.for_target(targets.get(target)).identity
    return identity.splitlines()[1]


def compiled(model: Path, target: str) -> Program:
    """The model as the command line compiles it by default, whatever the environment holds, but
    with all channels: kernels are compared, not graphs."""
    return microlith.compile(model, target=target, disabled_passes=["dead_channels"])


def total(program: Program) -> int:
    """Instructions of one invoke."""
    instructions = simulate(program, random_inputs(program.inputs, 1, 0)).instructions
    if instructions is None:
        sys.exit(f"bench: instructions cannot be counted on {program.target}")
    return instructions[0]


def counts(result: Benchmark) -> Counts:
    """What the baseline keeps of a benchmark."""
    ops = {f"{op.call.op} {op.call.kind}": op.instructions for op in result.ops}
    return {"total": result.total, "ops": ops}


def measure(model: str, path: Path, target: str) -> Benchmark:
    print(f"bench: {model} on {target}", file=sys.stderr, flush=True)
    return benchmark(compiled(path, target))


def measure_all(chosen: Sequence[str]) -> dict[str, dict[str, Benchmark]]:
    """Benchmarks by target and model."""
    models = available()
    return {
        target: {name: measure(name, path, target) for name, path in models.items()}
        for target in chosen
    }


def grown(before: int, after: int) -> bool:
    """Whether a count has grown by more than it may."""
    return after > before * (1 + GROWTH)


def difference_lines(before: Counts, after: Counts) -> Iterator[str]:
    """A line an op whose count changed, and one for the total."""
    rows = dict.fromkeys(before["ops"], 0) | dict(after["ops"])
    changed = [name for name in rows if before["ops"].get(name) != after["ops"].get(name)]
    for name in changed:
        yield _difference(before["ops"].get(name, 0), after["ops"].get(name, 0), name)
    yield _difference(before["total"], after["total"], "= an invoke")


def _difference(before: int, after: int, name: str) -> str:
    change = f"{after / before - 1:+.1%}" if before else "new"
    return f"{before:12,} {after:12,} {change:>8}  {name}"


def memory_row(target: str, name: str, path: Path) -> list[int | None]:
    """Arena, lower bound, code, constants and instructions of a model, by default."""
    del name
    program = microlith.compile(path, target=target)
    result = simulate(program, random_inputs(program.inputs, 1, 0))
    return [
        program.memory.arena,
        program.memory.bound,
        result.flash["code"],
        result.flash["weights"],
        result.instructions[0] if result.instructions else None,
    ]


def versus_row(target: str, name: str, path: Path) -> list[int | None]:
    """Instructions of TensorFlow Lite Micro, of CMSIS-NN below our interpreter, and of our kernels,
    balanced and fast. No channel is dropped: kernels are compared, not graphs."""
    directory = os.environ.get("CMSIS_NN_DIR")
    library = Path(directory) if directory else None

    def count(**options: Any) -> int:
        kept = ["dead_channels"]
        return total(microlith.compile(path, target=target, disabled_passes=kept, **options))

    return [
        FRAMEWORK.get(target, {}).get(name),
        count(kernels="cmsis_nn", cmsis_nn=library) if library else None,
        count(),
        count(optimize="speed"),
    ]


def line(name: str, figures: Sequence[int | None]) -> str:
    """A row of a table in Markdown."""
    return f"| {name} | {' | '.join('-' if f is None else f'{f:,}' for f in figures)} |"


def print_tables(chosen: Sequence[str]) -> int:
    from rich.console import Console

    from microlith.report.bench import render
    from microlith.report.bench_json import to_json

    results = measure_all(chosen)
    console = Console(width=140)
    for models in results.values():
        for result in models.values():
            render(result, console)
            console.print()
    REPORT.parent.mkdir(exist_ok=True)
    tables = [{"name": n} | to_json(b) for models in results.values() for n, b in models.items()]
    REPORT.write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")
    print(f"written: {REPORT.relative_to(ROOT)}", file=sys.stderr)
    return 0


def write_baseline(chosen: Sequence[str]) -> int:
    results = measure_all(chosen)
    known = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}
    for target, models in results.items():
        kept = known.get(target, {}).get("models", {})
        new = {name: counts(result) for name, result in models.items()}
        known[target] = {"compiler": compiler(target), "models": kept | new}
    BASELINE.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return 0


def print_difference(chosen: Sequence[str]) -> int:
    baseline = json.loads(BASELINE.read_text(encoding="utf-8"))
    failed = []
    for target, models in measure_all(chosen).items():
        if compiler(target) != baseline[target]["compiler"]:
            print(f"{target}: the baseline is of {baseline[target]['compiler']}")
        for name, result in models.items():
            before, after = baseline[target]["models"].get(name), counts(result)
            if before is None:
                print(f"{name} on {target}: not in the baseline")
                continue
            print(f"{name} on {target}:", *difference_lines(before, after), "", sep="\n")
            if grown(before["total"], after["total"]):
                failed.append(f"{name} on {target}")
    if failed:
        print(f"bench: grown by more than {GROWTH:.0%}: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def print_markdown(chosen: Sequence[str]) -> int:
    for target in chosen:
        core = targets.get(target).summary.split()[0]
        _print_table(
            [
                core,
                "arena, bytes",
                "lower bound",
                "code, bytes",
                "constants, bytes",
                "instructions",
            ],
            partial(memory_row, target),
        )
        _print_table(
            [core, "TFLM + CMSIS-NN", "CMSIS-NN", "balanced", "speed"],
            partial(versus_row, target),
        )
    return 0


def _print_table(head: Sequence[str], row: Callable[[str, Path], Sequence[int | None]]) -> None:
    """A table with a row a model, each printed when it is known."""
    print(f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", sep="\n")
    for name, path in available().items():
        print(line(name, row(name, path)), flush=True)
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", action="append", help="repeatable")
    modes: dict[str, tuple[Callable[[Sequence[str]], int], Sequence[str]]] = {
        "diff": (print_difference, TARGETS),
        "baseline": (write_baseline, TARGETS),
        "markdown": (print_markdown, TARGETS),
    }
    group = parser.add_mutually_exclusive_group()
    for name in modes:
        group.add_argument(f"--{name}", dest="mode", action="store_const", const=name)
    arguments = parser.parse_args()
    run, chosen = modes.get(arguments.mode, (print_tables, TARGETS))
    return run(arguments.target or chosen)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except MicrolithError as error:
        sys.exit(f"bench: {error}")
