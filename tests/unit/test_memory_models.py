# SPDX-License-Identifier: Apache-2.0
"""Plans of real models reach the bounds that are known for them."""

from __future__ import annotations

import pytest

from microlith import frontend, passes
from microlith.memory.lifetimes import Request, storage_lifetimes
from microlith.memory.plan import plan
from tests.paths import shared_model


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("kws_int8", 16_000),
        ("ic_int8", 49_152),
        ("ad_int8", 768),
        ("sww_int8", 6_656),
        ("vww_int8", 55_296),
    ],
)
def test_activations_reach_the_liveness_bound(model: str, size: int) -> None:
    """Also when every op asks for a little scratch besides."""
    graph = passes.apply(frontend.read(shared_model(f"mlperf_tiny/{model}.tflite"))).main
    lifetimes = storage_lifetimes(graph, range(len(graph.ops)), keep_inputs=False)
    tensors = [
        Request(graph.tensors[i].name, graph.tensors[i].nbytes, 16, first, last)
        for i, (first, last) in lifetimes.items()
    ]
    scratch = [Request(f"s{k}", 12, 16, k, k, "scratch") for k in range(len(graph.ops))]
    for requests, arena in ((tensors, size), (tensors + scratch, size + 12)):
        memory = plan(requests).memory
        assert memory.activations == memory.activation_bound == size
        assert memory.arena == memory.bound == arena
        assert memory.proven_optimal
