# SPDX-License-Identifier: Apache-2.0
"""Every kernel of the fpu backend by itself."""

from __future__ import annotations

import pytest

from microlith.kernels import BACKENDS
from microlith.kernels.base import Kernel
from tests.conformance import single
from tests.tools import need_target


@pytest.mark.parametrize("target", ["host", "cortex-m4"])
@pytest.mark.parametrize("kernel", BACKENDS["fpu"], ids=lambda kernel: kernel.name)
def test_kernel(kernel: Kernel, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need_target(target)
    single.isolate(kernel, target, monkeypatch)
    single.check(kernel, target, "float32")
