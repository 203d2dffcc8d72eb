# SPDX-License-Identifier: Apache-2.0
"""Lines through the steps of outputs: the reference's output at every sum."""

from __future__ import annotations

import numpy as np
import pytest

from microlith.kernels.dsp.line import Form, Lines, fit_lines, spans
from microlith.kernels.quantize_math import quantize_multiplier, requantize
from tests.unit.test_dsp_kernels import depthwise_model, view

WEIGHTS = np.ones((1, 3, 3, 4), np.int8)
CHANNELS = 4


def line_at(total: int, lines: Lines, channel: int, form: Form) -> int:
    """What kernels compute: SMMLA and SSAT."""
    raised = total << form.raised
    assert -(1 << 31) <= raised < 1 << 31
    offset = int(lines.offsets[channel]) + (int(lines.drops[channel]) if total < 0 else 0)
    high = (raised * int(lines.multipliers[channel]) >> 32) + offset
    assert -(1 << 31) <= high < 1 << 31
    return min(max(high >> form.shift, -128), 127)


@pytest.mark.parametrize("form", [Form(), Form(shift=13), Form(raised=9)])
@pytest.mark.parametrize(
    ("zero_point", "bent"), [(-128, False), (-128, True), (5, True), (127, True)]
)
def test_every_sum(form: Form, zero_point: int, bent: bool) -> None:
    """At the steps and beside them, at zero, and at the ends of the range: between two steps both
    are constant, since neither ever goes down."""
    generator = np.random.default_rng(0)
    fitted = 0
    for factor in generator.uniform(2.0**-9, 2.0**-7, 12):
        op = view(depthwise_model(WEIGHTS, np.zeros(CHANNELS), factor,
                                  zero_points=(0, zero_point)))  # fmt: skip
        least, most = (
            -generator.integers(0, 60_000, CHANNELS),
            generator.integers(0, 60_000, CHANNELS),
        )
        lines = fit_lines(op, least, most, bent=bent, form=form)
        if isinstance(lines, str):
            assert "no line goes through" in lines
            continue
        fitted += 1
        pair = quantize_multiplier(1.0 / op.output().scale)
        for channel in range(CHANNELS):
            ends = int(least[channel]), int(most[channel])
            halves = np.round((np.arange(-256, 256) + 0.5) / factor).astype(int)
            beside = {int(half) + step for half in halves for step in range(-3, 4)}
            for total in {*beside, *ends, -1, 0, 1}:
                if ends[0] <= total <= ends[1]:
                    expected = min(max(requantize(total, *pair) + zero_point, -128), 127)
                    assert line_at(total, lines, channel, form) == expected
    assert fitted > 6


def test_a_channel_whose_output_never_changes() -> None:
    """Whatever its scale and bias are, and though its sums do not fit a kernel."""
    op = view(depthwise_model(WEIGHTS, np.zeros(CHANNELS), 1e-12, zero_points=(0, -7)))
    ends = np.full(CHANNELS, 1 << 30)
    lines = fit_lines(op, -ends, ends)
    assert not isinstance(lines, str), lines
    assert lines.flat.all() and not lines.multipliers.any()
    assert line_at(0, lines, 0, Form()) == -7


def test_what_has_no_line() -> None:
    ends = np.full(CHANNELS, 1 << 20)
    steep = view(depthwise_model(WEIGHTS, np.zeros(CHANNELS), 1.5, zero_points=(0, -128)))
    assert fit_lines(steep, -ends, ends) == "its scales multiply sums by more than 1"
    op = view(depthwise_model(WEIGHTS, np.zeros(CHANNELS), 0.01, zero_points=(0, -128)))
    assert "sums reach" in str(fit_lines(op, -ends, ends))
    assert fit_lines(op, -ends << 12, ends << 12) == "sums do not fit 32 bits"


def test_spans() -> None:
    least, most = spans(np.array([[3, -2], [-1, -1]]), (-128, 127))
    assert least.tolist() == [3 * -128 - 2 * 127, -254]
    assert most.tolist() == [3 * 127 + 2 * 128, 256]
