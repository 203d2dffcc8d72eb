# SPDX-License-Identifier: Apache-2.0
"""The report of `microlith inspect`, and how it looks on a terminal."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from microlith import frontend
from microlith.cli.inspect_view import render
from microlith.inspection import Report, inspect
from tests.paths import shared_model
from tests.tflite_builder import ModelBuilder


def small(name: str = "x") -> Report:
    """A custom operator with a constant that two tensors share, a variable, and an absent input."""
    builder = ModelBuilder()
    x = builder.tensor(name, [1, 4], scale=0.5, zero_point=-3)
    w = builder.constant("w", np.ones((2, 4), np.int8), scale=[0.25, 0.5])
    again = builder.tensor("again", [8])
    builder.tensors[again].buffer = builder.tensors[w].buffer
    state = builder.tensor("state", [3], "float32", is_variable=True)
    y = builder.tensor("y", [1, 2], "int16")
    builder.custom("Mine", [x, w, again, -1, state], [y])
    data = builder.build([x], [y], {"serve": ({"a": x}, {"b": y})}, description="for tests")
    return inspect(frontend.parse(data, "small"))


def text(report: Report, width: int = 80) -> str:
    output = io.StringIO()
    render(report, Console(file=output, width=width))
    return output.getvalue()


def test_report() -> None:
    report = small()
    assert (report.name, report.description) == ("small", "for tests")
    assert [tensor.type for tensor in (*report.inputs, *report.outputs)] == [
        "int8[1,4]",
        "int16[1,2]",
    ]
    assert report.inputs[0].quantization == {"scale": 0.5, "zero_point": -3}
    assert report.constant_bytes == 8
    assert report.activation_bytes == 4 + 4 + 12
    assert report.signatures[0].inputs == (("a", "x"),)
    (op,) = report.ops
    assert (op.kind, op.macs, op.inputs[3]) == ("CUSTOM:Mine", None, None)
    assert op.inputs[1] is not None
    assert op.inputs[1].quantization == {"axis": 0, "channels": 2}
    assert len(report.problems) == 1
    assert not report.compilable


def test_json_is_plain() -> None:
    values = json.loads(json.dumps(small().to_json()))
    assert values["problems"][0]["where"] == "op 0 (CUSTOM:Mine), tensor 'y'"
    assert values["compilable"] is False
    assert values["ops"][0]["outputs"][0]["shape"] == [1, 2]


def test_text_fits_80_columns() -> None:
    shown = text(small())
    assert max(map(len, shown.splitlines())) <= 80
    assert "signature serve: a -> b" in shown
    assert "8 bytes of constants" in shown
    assert "It cannot be compiled, for 1 reason:" in shown


def test_names_are_shown_as_they_are() -> None:
    assert "[red]x\\x1b[2J" in text(small("[red]x\x1b[2J"))


@pytest.mark.parametrize(
    ("model", "macs"),
    [
        ("mlperf_tiny/kws_int8.tflite", 2_656_768),
        ("mlperf_tiny/vww_int8.tflite", 7_489_664),
        ("mlperf_tiny/ic_int8.tflite", 12_501_632),
        ("mlperf_tiny/ad_int8.tflite", 264_192),
    ],
)
def test_macs_of_real_models(model: str, macs: int) -> None:
    path: Path = shared_model(model)
    report = inspect(frontend.read(path))
    assert report.problems == ()
    assert report.macs == macs
    assert "Everything in it can be compiled." in text(report)
