# SPDX-License-Identifier: Apache-2.0
"""Fixtures for all tests."""

from __future__ import annotations

import pytest

from microlith.kernels.cmsis_nn.library import CmsisNNKernel
from microlith.lower import select
from tests import cmsis_nn as located
from tests.cmsis_nn import Library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """CMSIS-NN as it is found on this machine; skips the test where there is none."""
    return located.locate(tmp_path_factory.mktemp("cmsis_nn"))


@pytest.fixture
def cmsis_nn(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    """CMSIS-NN, with the backend reduced to what its directory contains."""
    if not library.complete:
        sources = located.all_sources(library.directory)
        monkeypatch.setattr(CmsisNNKernel, "library_sources", lambda *_: sources)
        kernels = tuple(k for k in select.BACKENDS["cmsis_nn"] if library.has(k))
        monkeypatch.setitem(select.BACKENDS, "cmsis_nn", kernels)
    return library
