# SPDX-License-Identifier: Apache-2.0
"""The int8 MLPerf Tiny models with CMSIS-NN's kernels are bit-exact."""

from __future__ import annotations

import pytest

import microlith
from microlith.verify.verify import render
from tests.cmsis_nn import Library
from tests.models.test_models import ACTIVATION_BOUNDS
from tests.paths import shared_model
from tests.tools import need_target


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
@pytest.mark.parametrize("name", ACTIVATION_BOUNDS)
def test_bit_exact_in_every_op(name: str, target: str, cmsis_nn: Library) -> None:
    need_target(target)
    model = shared_model(f"mlperf_tiny/{name}.tflite")
    program = microlith.compile(
        model, target=target, kernels="cmsis_nn", cmsis_nn=cmsis_nn.directory
    )
    weighted = [call for call in program.calls if call.macs]
    assert {call.backend for call in weighted} == {"cmsis_nn"}
    verification = program.verify(samples=1, seed=0)
    assert verification.bit_exact, render(verification)
