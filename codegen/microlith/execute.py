# SPDX-License-Identifier: Apache-2.0
"""Running a program: sources to a temporary or kept directory, then the simulator, then, for
`verify`, the reference."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from microlith import targets
from microlith.emit.files import KEPT, digests, write_files
from microlith.emit.project import source_files
from microlith.frontend import parse
from microlith.ir.graph import Array
from microlith.ir.program import Program
from microlith.simulate.run import SimulationResult, run
from microlith.verify.inputs import check_inputs, random_inputs
from microlith.verify.verify import Verification
from microlith.verify.verify import verify as compare_with_reference


def simulate(
    program: Program,
    inputs: Mapping[str, Array] | None = None,
    *,
    keep: Path | None = None,
    trace: bool = False,
    profile: bool = False,
    histogram: bool = False,
    sanitize: bool = False,
) -> SimulationResult:
    """Builds and runs `program` on its target; see Program.simulate().

    With `keep`, that directory keeps the sources, the firmware and a script that runs it again;
    `trace` records every op's output; `profile` counts instructions step by step, and
    `histogram` also tells which they are; `sanitize` (host) builds with ASan and UBSan.
    """
    data = (
        random_inputs(program.inputs, 1, 0)
        if inputs is None
        else check_inputs(program.inputs, inputs, "inputs")
    )
    target = targets.get(program.target)
    files = source_files(program, target)
    with tempfile.TemporaryDirectory(prefix="microlith-") as temporary:
        sources = keep if keep is not None else Path(temporary)
        record = json.dumps({"files": digests(files)}, indent=2) + "\n"
        write_files(files | {KEPT: record}, sources, force=False)
        return run(
            program,
            sources,
            target,
            data,
            keep=keep,
            trace=trace,
            profile=profile,
            histogram=histogram,
            sanitize=sanitize,
        )


def verify(
    program: Program,
    *,
    samples: int,
    seed: int,
    inputs: Mapping[str, Array] | None = None,
) -> Verification:
    """Compares `program` with the reference; see Program.verify()."""
    graph = parse(program.model, program.model_name)

    def traced(data: Mapping[str, Array]) -> SimulationResult:
        return simulate(program, data, trace=True)

    return compare_with_reference(
        program, graph, program.model, traced, samples=samples, seed=seed, inputs=inputs
    )


def simulation_json(program: Program, result: SimulationResult) -> dict[str, Any]:
    """The object that `microlith simulate --json` prints."""
    return {
        "target": program.target,
        "samples": result.samples,
        "flash": result.flash,
        "ram": result.ram,
        "instructions": result.instructions,
        "kernels": [
            {"op": call.op, "type": call.kind, "kernel": call.kernel} for call in program.calls
        ],
    }
