# SPDX-License-Identifier: Apache-2.0
"""A model written by hand, for tests of the simulator: its sources are in tests/toy/model.

Op 0 adds a weight and the number of past invokes to each element of int8[2,4]; it runs in two
bands of a row. Op 1 does what the first element of the input asks for (see toy.c).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from microlith import resources
from microlith.ir.graph import DType
from microlith.ir.program import MemoryPlan, Port, Program

INSTRUCTIONS_PER_TURN = 2
WEIGHTS = (1, 2, 3, 4)
ARENA = 48

SPIN, DIVIDE, LOST, ENDLESS, DEEP, REFUSE, OVERRUN, DATA = range(8)
"""What op 1 can do."""


def program(target: str) -> Program:
    """The Program of the toy, as far as the simulator reads it."""
    x = Port("x", "x", 0, "x", DType.INT8, (2, 4), None, 0)
    y = Port("y", "y", 1, "y", DType.INT8, (2, 4), None, 1)
    count = Port("count", "count", 2, "count", DType.INT32, (1,), None, 2)
    return Program(
        name="toy",
        target=target,
        model_name="toy.tflite",
        model_sha256="",
        model_size=0,
        description="",
        calls=(),
        steps=(),
        buffers=(),
        constants=(),
        inputs=(x,),
        outputs=(y, count),
        memory=MemoryPlan(ARENA, ARENA, ARENA, ARENA, True, "by hand", ""),
    )


def write_sources(directory: Path) -> Path:
    """The files that emit would have written."""
    shutil.copytree(Path(__file__).with_name("model"), directory / "model")
    runtime = resources.path("micro_runtime")
    shutil.copytree(runtime / "include", directory / "microlith" / "include")
    shutil.copy(runtime / "interpreter.c", directory / "microlith")
    return directory
