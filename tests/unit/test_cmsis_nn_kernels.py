# SPDX-License-Identifier: Apache-2.0
"""The cmsis_nn backend without running it: scratch, sources, selection, messages, strict C."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import microlith
from microlith import execute, resources, targets
from microlith.errors import OptionError, ToolError
from microlith.ir.program import Program
from microlith.kernels import BACKENDS
from microlith.kernels.cmsis_nn import conv, scratch
from microlith.kernels.cmsis_nn.library import CmsisNNKernel, include_directories
from microlith.ops.attributes import window_extent
from microlith.simulate import toolchain
from scripts import stack
from tests.cmsis_nn import Library
from tests.conformance.bench import Case, pack
from tests.conformance.operators import Add
from tests.conformance.weighted import Conv, FullyConnected

STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Werror")
RUNTIME = resources.path("micro_runtime")
ADAPTERS = RUNTIME / "kernels" / "cmsis_nn"


# Scratch: the rules in Python against the functions of the library.


class Dims(ctypes.Structure):
    """cmsis_nn_dims"""

    _fields_ = tuple((name, ctypes.c_int32) for name in "nhwc")


class ConvParams(ctypes.Structure):
    """cmsis_nn_conv_params: offsets, then pairs (w, h) of stride, padding, dilation."""

    _fields_ = (("offsets", ctypes.c_int32 * 2), ("pairs", ctypes.c_int32 * 8))


class DepthwiseParams(ctypes.Structure):
    """cmsis_nn_dw_conv_params, which has the channel multiplier before the pairs."""

    _fields_ = (("offsets", ctypes.c_int32 * 3), ("pairs", ctypes.c_int32 * 8))


@pytest.fixture(scope="module")
def functions(library: Library, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library.need_all()
    folder = library.directory / "Source"
    sources = [
        folder / "ConvolutionFunctions" / "arm_convolve_get_buffer_sizes_s8.c",
        folder / "ConvolutionFunctions" / "arm_depthwise_conv_get_buffer_sizes_s8.c",
        folder / "PoolingFunctions" / "arm_avgpool_get_buffer_sizes_s8.c",
        folder / "ConvolutionFunctions" / "arm_convolve_get_buffer_sizes_s16.c",
        folder / "ConvolutionFunctions" / "arm_depthwise_conv_get_buffer_sizes_s16.c",
        folder / "PoolingFunctions" / "arm_avgpool_get_buffer_sizes_s16.c",
        folder / "ConvolutionFunctions" / "arm_convolve_get_buffer_sizes_s4.c",
    ]
    path = tmp_path_factory.mktemp("scratch") / "sizes.so"
    include = [f"-I{path}" for path in include_directories(library.directory)]
    toolchain.execute(["cc", "-shared", "-fPIC", *include, *map(str, sources), "-o", str(path)])
    return ctypes.CDLL(str(path))


def windows() -> Iterator[tuple[dict[str, int], int, int, int]]:
    """Windows with batches, input channels and depth multipliers."""
    generator = np.random.default_rng(0)
    for _ in range(3000):
        height = 1 if generator.random() < 0.4 else int(generator.integers(2, 12))
        width = int(generator.integers(1, 24))
        kernel = (int(generator.integers(1, 6)) if height > 1 else 1, int(generator.integers(1, 8)))
        stride = tuple(int(s) for s in generator.integers(1, 4, 2))
        dilation = tuple(int(d) for d in generator.choice([1, 1, 1, 2], 2))
        padding = str(generator.choice(["same", "valid"]))
        vertical = window_extent(padding, height, kernel[0], stride[0], dilation[0])
        horizontal = window_extent(padding, width, kernel[1], stride[1], dilation[1])
        if not vertical.out or not horizontal.out:
            continue
        names = ("height", "width")
        window = {f"in_{a}": n for a, n in zip(names, (height, width), strict=True)}
        window |= {"out_height": vertical.out, "out_width": horizontal.out}
        window |= {f"kernel_{a}": n for a, n in zip(names, kernel, strict=True)}
        window |= {f"stride_{a}": n for a, n in zip(names, stride, strict=True)}
        window |= {f"dilation_{a}": n for a, n in zip(names, dilation, strict=True)}
        window |= {"pad_top": vertical.pad_before, "pad_left": horizontal.pad_before}
        batches, depth = (int(generator.choice([1, 1, 2])) for _ in range(2))
        channels = int(generator.choice([1, 2, 3, 4, 8, 17, 130]))
        yield window, batches, channels, depth * int(generator.choice([1, 1, 8]))


def _pairs(window: dict[str, int]) -> list[int]:
    names = ("stride_width", "stride_height", "pad_left", "pad_top")
    dilations = [window["dilation_width"], window["dilation_height"]]
    return [*(window[name] for name in names), *dilations, -128, 127]


def _dims(window: dict[str, int], prefix: str, first: int, last: int) -> Dims:
    return Dims(first, window[f"{prefix}_height"], window[f"{prefix}_width"], last)


SUFFIXES = {"mve": "_mve", "dsp": "_dsp", "scalar": ""}
"""Of the functions that tell the scratch of a variant; on the host, the plain one is scalar."""


@pytest.mark.parametrize("kind", SUFFIXES)
def test_scratch_of_convolutions(kind: scratch.Variant, functions: ctypes.CDLL) -> None:
    size = getattr(functions, f"arm_convolve_wrapper_s8_get_buffer_size{SUFFIXES[kind]}")
    for window, batches, channels, outputs in windows():
        if scratch.is_one_row(window, channels) and scratch.total_padding(window) < 0:
            continue  # refused: see filters.one_row_defect
        params = ConvParams((5, 3), tuple(_pairs(window)))
        dims = (
            _dims(window, "in", batches, channels),
            _dims(window, "kernel", outputs, channels),
            _dims(window, "out", batches, outputs),
        )
        expected = size(ctypes.byref(params), *map(ctypes.byref, dims))
        assert scratch.conv_scratch(kind, window, channels) == expected, (window, channels)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_scratch_of_depthwise_convolutions(kind: scratch.Variant, functions: ctypes.CDLL) -> None:
    size = getattr(functions, f"arm_depthwise_conv_wrapper_s8_get_buffer_size{SUFFIXES[kind]}")
    for window, batches, channels, depth in windows():
        if scratch.is_one_row(window, channels) and scratch.total_padding(window) < 0:
            continue
        outputs = channels * depth
        params = DepthwiseParams((5, 3, depth), tuple(_pairs(window)))
        dims = (
            _dims(window, "in", batches, channels),
            _dims(window, "kernel", 1, outputs),
            _dims(window, "out", batches, outputs),
        )
        expected = size(ctypes.byref(params), *map(ctypes.byref, dims))
        found = scratch.depthwise_scratch(kind, window, batches, channels, outputs)
        assert found == expected, (window, batches, channels, outputs)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_scratch_of_int16_convolutions(kind: scratch.Variant, functions: ctypes.CDLL) -> None:
    conv_size, depthwise_size = (
        getattr(functions, f"arm_{name}_wrapper_s16_get_buffer_size{SUFFIXES[kind]}")
        for name in ("convolve", "depthwise_conv")
    )
    for window, batches, channels, depth in windows():
        outputs = channels * depth
        ends = (_dims(window, "in", batches, channels), _dims(window, "out", batches, outputs))
        conv_dims = (ends[0], _dims(window, "kernel", outputs, channels), ends[1])
        params = ConvParams((0, 0), tuple(_pairs(window)))
        expected = conv_size(ctypes.byref(params), *map(ctypes.byref, conv_dims))
        assert scratch.conv_s16_scratch(kind, window, channels) == expected
        dims = (ends[0], _dims(window, "kernel", 1, outputs), ends[1])
        params = DepthwiseParams((0, 0, depth), tuple(_pairs(window)))
        expected = depthwise_size(ctypes.byref(params), *map(ctypes.byref, dims))
        assert scratch.depthwise_s16_scratch(kind, window, channels, outputs) == expected


@pytest.mark.parametrize("kind", ["dsp", "scalar"])
def test_scratch_of_int4_convolutions(kind: scratch.Variant, functions: ctypes.CDLL) -> None:
    size = getattr(functions, f"arm_convolve_wrapper_s4_get_buffer_size{SUFFIXES[kind]}")
    for window, batches, channels, outputs in windows():
        params = ConvParams((5, 3), tuple(_pairs(window)))
        dims = (
            _dims(window, "in", batches, channels),
            _dims(window, "kernel", outputs, channels),
            _dims(window, "out", batches, outputs),
        )
        expected = size(ctypes.byref(params), *map(ctypes.byref, dims))
        assert scratch.conv_s4_scratch(kind, window, channels) == expected, (window, channels)


@pytest.mark.parametrize("kind", SUFFIXES)
def test_scratch_of_average_pools(kind: scratch.Variant, functions: ctypes.CDLL) -> None:
    size = getattr(functions, f"arm_avgpool_s8_get_buffer_size{SUFFIXES[kind]}")
    wide_size = getattr(functions, f"arm_avgpool_s16_get_buffer_size{SUFFIXES[kind]}")
    for channels in (1, 3, 64):
        assert scratch.average_pool_scratch(kind, channels) == size(7, channels)
        assert scratch.average_pool_scratch(kind, channels) == wide_size(7, channels)


# Selection.


@pytest.fixture
def some_directory(tmp_path: Path) -> Path:
    """What selection takes for a directory of CMSIS-NN."""
    header = tmp_path / "Include" / "arm_nnfunctions.h"
    header.parent.mkdir()
    header.touch()
    return tmp_path


def compiled(case: Case, target: str = "cortex-m55", **options: Any) -> Program:
    return microlith.compile(pack([case]), target=target, name="case_", **options)


def test_auto_needs_the_directory(monkeypatch: pytest.MonkeyPatch, some_directory: Path) -> None:
    monkeypatch.setattr(conv.Conv2D, "cost", lambda *_: 1.0)
    assert compiled(Conv()).calls[0].backend != "cmsis_nn"
    program = compiled(Conv(), cmsis_nn=some_directory)
    assert program.calls[0].backend == "cmsis_nn"
    assert "cheapest" in program.calls[0].reason


def test_preference_falls_back_to_portable_with_the_reason() -> None:
    program = compiled(Add(b=(5,)), kernels="cmsis_nn")
    (call,) = program.calls
    assert call.backend == "portable"
    assert call.reason == (
        "cmsis_nn has none for it: add_s8_cmsis_nn broadcasts an operand, which CMSIS-NN does not; "
        "add_s16_cmsis_nn is for int16"
    )
    assert not program.uses_cmsis_nn


def test_portable_is_portable(some_directory: Path) -> None:
    program = compiled(Conv(), kernels="portable", cmsis_nn=some_directory)
    assert program.calls[0].backend == "portable"


def test_unknown_backend() -> None:
    with pytest.raises(OptionError, match=r"'fast'.*auto, portable"):
        compiled(Conv(), kernels="fast")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (Conv(shape=(1, 1, 8, 4), kernel=(1, 3), stride=(1, 2), padding="SAME"), "stride"),
        (Conv(shape=(1, 1, 8, 4), kernel=(1, 3), stride=(1, 3), padding="VALID"), "leaves columns"),
        (Conv(shape=(1, 1, 3, 4), kernel=(1, 5)), "filter wider"),
        (Conv(shape=(1, 3, 4, 8), filters=6, kernel=(1, 1), groups=2), "groups"),
        (FullyConnected(weights="lowest", multiplier=2.0**20), "beyond 32 bits"),
        (FullyConnected(dtype="float32"), "is for int8"),
    ],
)
def test_refused_shapes(case: Case, message: str) -> None:
    (call,) = compiled(case, kernels="cmsis_nn").calls
    assert call.backend == "portable"
    assert message in call.reason


# The library on disk.


def test_missing_library_says_how_to_get_it(some_directory: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"git clone --branch v7\.0\.0 .*--cmsis-nn DIR"):
        execute.simulate(compiled(Conv(), target="host", kernels="cmsis_nn"))
    with pytest.raises(ToolError, match=r"arm_nnfunctions\.h is missing; get it with"):
        compiled(Conv(), cmsis_nn=tmp_path / "elsewhere")
    program = compiled(Conv(), target="host", kernels="cmsis_nn", cmsis_nn=some_directory)
    with pytest.raises(ToolError, match=r"arm_convolve_\w+\.c is missing; get it with"):
        execute.simulate(program)


@pytest.mark.parametrize("target", ["host", "cortex-m4", "cortex-m55"])
@pytest.mark.parametrize("kernel", BACKENDS["cmsis_nn"], ids=lambda kernel: kernel.name)
def test_sources_are_those_that_are_needed(
    kernel: CmsisNNKernel, target: str, library: Library, tmp_path: Path
) -> None:
    """No fewer, or it would not link; no more, and each of them defines what another one uses."""
    library.need_all()
    chosen = targets.get(target)
    tools = pytest_tools(target)
    files = [library.directory / name for name in kernel.library_sources(chosen)]
    compiler = [tools.compiler, *chosen.cflags, *search(library)]
    output = str(tmp_path / "object.o")
    needs: dict[Path, set[str]] = {}
    defines: dict[Path, set[str]] = {}
    for file in [ADAPTERS / f"{kernel.source}.c", *files]:
        toolchain.execute([*compiler, "-c", str(file), "-o", output])
        lines = toolchain.execute([nm(tools), output]).stdout.splitlines()
        symbols = [line.split() for line in lines]
        needs[file] = {words[-1] for words in symbols if words[-2] == "U"}
        defines[file] = {words[-1] for words in symbols if words[-2] in ("T", "R")}
    wanted = set().union(*needs.values())
    assert {name for name in wanted if name.startswith("arm_")} <= set().union(*defines.values())
    assert [file.name for file in files if not defines[file] & wanted] == []


def pytest_tools(target: str) -> toolchain.Toolchain:
    try:
        return toolchain.for_target(targets.get(target))
    except ToolError as error:
        pytest.skip(str(error))


def nm(tools: toolchain.Toolchain) -> str:
    return toolchain.find(f"{Path(tools.archiver).name.removesuffix('ar')}nm")


@pytest.mark.parametrize(
    "compiler", ["gcc", "clang", "cortex-m4", "cortex-m55"], ids=lambda name: f"for {name}"
)
def test_adapters_compile_without_warnings(compiler: str, library: Library, tmp_path: Path) -> None:
    library.need_all()
    names = [target.name for target in targets.TARGETS]
    target = targets.get(compiler if compiler in names else "host")
    command = [target.compiler if compiler in names else compiler, *target.cflags, *STRICT]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    for source in sorted(ADAPTERS.glob("*.c")):
        toolchain.execute(
            [*command, *search(library), "-c", str(source), "-o", str(tmp_path / "o")]
        )


@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m55"])
def test_frames_of_adapters_are_small(target: str, library: Library, tmp_path: Path) -> None:
    library.need_all()
    compiler = [pytest_tools(target).compiler, *targets.get(target).cflags, *search(library)]
    for source in sorted(ADAPTERS.glob("*.c")):
        output = tmp_path / f"{source.stem}.o"
        toolchain.execute([*compiler, "-fstack-usage", "-c", str(source), "-o", str(output)])
        # A line a function: its place, the bytes, how they are known; apart by tabs. Functions of
        # the library that an adapter includes have frames of their own.
        report = output.with_suffix(".su").read_text(encoding="utf-8").splitlines()
        ours = [line for line in report if line.startswith(str(ADAPTERS))]
        assert ours
        assert [line for line in ours if int(line.split("\t")[1]) > stack.FRAME_LIMIT] == []


def search(library: Library) -> list[str]:
    """Compiler options for the include directories of adapters."""
    ours = [f"-I{path}" for path in (RUNTIME, RUNTIME / "include")]
    return ours + [f"-isystem{path}" for path in include_directories(library.directory)]
