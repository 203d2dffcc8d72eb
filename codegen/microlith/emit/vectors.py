# SPDX-License-Identifier: Apache-2.0
"""Test vectors: samples with expected outputs that a generated firmware checks itself with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microlith.emit.literals import float32, rows
from microlith.emit.templates import render
from microlith.ir.graph import Array
from microlith.ir.program import Port, Program


@dataclass(frozen=True, eq=False)
class TestVectors:
    """Samples and expected outputs by port key, [samples, *shape]. `tolerances` are absolute, for
    float outputs; `oracle` names where the expected outputs come from."""

    __test__ = False  # not a test case, whatever its name

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    tolerances: Mapping[str, float]
    oracle: str

    @property
    def samples(self) -> int:
        return len(next(iter(self.outputs.values())))


def vector_files(program: Program, vectors: TestVectors) -> dict[str, str]:
    """Text by file name of the sources that run and hold the vectors."""
    view = vector_view(program, vectors)
    return {
        "main.c": render("project/main.c.j2", p=view),
        "test_vectors.h": render("project/test_vectors.h.j2", p=view),
        "test_vectors.c": render("project/test_vectors.c.j2", p=view),
    }


def vector_view(program: Program, vectors: TestVectors) -> dict[str, Any]:
    """What the templates of test vectors and self-tests need."""
    inputs = _ports(program, program.inputs, "input", vectors.inputs, {})
    outputs = _ports(program, program.outputs, "output", vectors.outputs, vectors.tolerances)
    return {
        "name": program.name,
        "macro": program.name.upper(),
        "oracle": vectors.oracle,
        "samples": vectors.samples,
        "inputs": inputs,
        "outputs": outputs,
        "vectors": inputs + outputs,
        "prints_floats": any(port["is_float"] for port in outputs),
        "prints_integers": any(not port["is_float"] for port in outputs),
    }


def _ports(
    program: Program,
    ports: Sequence[Port],
    role: str,
    arrays: Mapping[str, Array],
    tolerances: Mapping[str, float],
) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "macro": f"{program.name.upper()}_{role.upper()}_{index}",
            "name": f"{program.name}_test_{role}_{index}",
            "c_type": port.dtype.c_type,
            "is_float": port.dtype.is_float,
            "print": "print_float(found[i])"
            if port.dtype.is_float
            else "print_integer((int32_t)found[i])",
            "tolerance": float32(tolerances.get(port.key, 0.0)),
            "samples": [rows(np.ravel(sample), " " * 8) for sample in arrays[port.key]],
        }
        for index, port in enumerate(ports)
    ]
