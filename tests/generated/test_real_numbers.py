# SPDX-License-Identifier: Apache-2.0
"""What generated headers offer to applications: real numbers in and out, bitmaps, instances side by
side, single steps. Each is compiled as C and as C++ with warnings as errors, and run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import microlith
from microlith import targets
from microlith.emit.files import write_files
from microlith.emit.project import source_files
from microlith.verify.inputs import random_inputs
from microlith.verify.oracle import reference_outputs
from tests.generated.models import tiny_convolution
from tests.tflite_builder import ModelBuilder

Array = npt.NDArray[Any]

STRICT = ("-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
LANGUAGES = {"c": ("gcc", "-std=c11", *STRICT), "cpp": ("g++", "-std=c++14", *STRICT)}
SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")

MAIN = """\
#include <stdio.h>
#include <string.h>
#include "net.h"

#define ALIGNED MR_ALIGNED(MR_ARENA_ALIGNMENT)

static int check(mr_status status)
{
    return status == MR_OK;
}

"""

every_language = pytest.mark.parametrize("language", LANGUAGES)


def build(model: bytes, main: str, language: str, directory: Path) -> Path:
    """The program of a main() that includes the model `net`, for this machine."""
    program = microlith.compile(model, name="net")
    write_files(source_files(program, targets.get("host")), directory, force=True)
    source = directory / f"main.{language}"
    source.write_text(MAIN + main)
    include = [f"-I{directory / part}" for part in ("model", "microlith", "microlith/include")]
    objects = []
    for path in [source, *directory.glob("model/*.c"), *directory.glob("microlith/**/*.c")]:
        compiler = LANGUAGES[language if path == source else "c"]
        objects.append(directory / f"{path.stem}.o")
        command = [*compiler, *SANITIZED, "-ffp-contract=off", *include, "-c", str(path)]
        subprocess.run([*command, "-o", str(objects[-1])], check=True, timeout=120)
    binary = directory / "program"
    command = [LANGUAGES[language][0], *SANITIZED, *map(str, objects), "-lm", "-o", str(binary)]
    subprocess.run(command, check=True, timeout=120)
    return binary


def run(binary: Path, data: bytes) -> bytes:
    return subprocess.run([binary], input=data, capture_output=True, check=True, timeout=60).stdout


QUANTISED = (
    ("int8", 0.05, -7),
    ("uint8", 1 / 255, 0),
    ("int16", 1 / 3000, 0),
    ("int8", 7.7, 127),
)


def copies(count: int) -> bytes:
    """Copies inputs to outputs: one of each in QUANTISED, then one of floats, one of int32."""
    b = ModelBuilder()
    shape = b.constant("shape", np.array([count, 1], np.int32))
    inputs, outputs = [], []
    for i, (dtype, scale, zero_point) in enumerate(QUANTISED):
        quant: Any = {"scale": scale, "zero_point": zero_point}
        inputs.append(b.tensor(f"x{i}", [1, count], dtype, **quant))
        outputs.append(b.tensor(f"y{i}", [count, 1], dtype, **quant))
    for dtype in ("float32", "int32"):
        inputs.append(b.tensor(f"x_{dtype}", [1, count], dtype))
        outputs.append(b.tensor(f"y_{dtype}", [count, 1], dtype))
    for x, y in zip(inputs, outputs, strict=True):
        b.op("RESHAPE", [x, shape], [y])
    return b.build(inputs, outputs)


COPY = """\
static ALIGNED uint8_t arena[NET_ARENA_SIZE];
static float values[NET_INPUT_0_ELEMENTS];

int main(void)
{
    static const size_t sizes[] = {NET_INPUT_0_BYTES, NET_INPUT_1_BYTES, NET_INPUT_2_BYTES,
                                   NET_INPUT_3_BYTES, NET_INPUT_4_BYTES};
    net_t m;
    int good = check(net_init(&m, arena, sizeof arena));
    for (int i = 0; i < 5; i++) {
        good = good && fread(values, sizeof values, 1, stdin) == 1;
        good = good && check(net_set_input_f32(&m, i, values));
        good = good && fwrite(net_input(&m, i), sizes[i], 1, stdout) == 1;
    }
    memset(net_input(&m, 5), 0, NET_INPUT_5_BYTES);
    good = good && check(net_invoke(&m));
    for (int i = 0; i < 5; i++) {
        good = good && check(net_get_output_f32(&m, i, values));
        good = good && fwrite(values, sizeof values, 1, stdout) == 1;
    }
    for (int i = 5; i < 8; i++) {
        good = good && net_set_input_f32(&m, i, values) == MR_BAD_ARGUMENT;
        good = good && net_get_output_f32(&m, i, values) == MR_BAD_ARGUMENT;
    }
    return good && net_set_input_f32(&m, -1, values) == MR_BAD_ARGUMENT ? 0 : 1;
}
"""


def converted(kind: str, data: Array, dtype: str, quant: dict[str, Any]) -> Array:
    """`data` through a single QUANTIZE or DEQUANTIZE of the reference."""
    b = ModelBuilder()
    if kind == "QUANTIZE":
        x = b.tensor("x", data.shape, "float32")
        y = b.tensor("y", data.shape, dtype, **quant)
    else:
        x = b.tensor("x", data.shape, dtype, **quant)
        y = b.tensor("y", data.shape, "float32")
    b.op(kind, [x], [y], version=2)
    result: Array = reference_outputs(b.build([x], [y]), {x: data[None]}, [y])[1][y][0]
    return result


def numbers(scale: float, zero_point: int) -> Array:
    """Real numbers inside and outside the range, halves, and neighbours of halves; none that the
    reference converts to an integer too large for it, which C leaves undefined."""
    rng = np.random.default_rng(4)
    step = np.float32(scale)
    halves = (np.arange(-40, 40) + 0.5).astype(np.float32) * step
    around = [np.nextafter(halves, np.float32(way)) for way in (-np.inf, np.inf)]
    wide = rng.uniform(-400, 400, 300).astype(np.float32) * step
    far = np.array([0.0, -0.0, 1e5, -1e5, 3e-39], np.float32)
    return np.concatenate([halves, *around, wide - zero_point * step, far])


@every_language
def test_real_numbers_are_quantised_as_the_reference_does(language: str, tmp_path: Path) -> None:
    data = [numbers(scale, zero_point) for _, scale, zero_point in QUANTISED]
    data.append(data[0])
    count = data[0].size
    binary = build(copies(count), COPY, language, tmp_path)
    found = run(binary, b"".join(array.tobytes() for array in data))
    reals = b""
    for array, (dtype, scale, zero_point) in zip(data, QUANTISED, strict=False):
        quant = {"scale": scale, "zero_point": zero_point}
        expected = converted("QUANTIZE", array, dtype, quant)
        assert found[: expected.nbytes] == expected.tobytes()
        found = found[expected.nbytes :]
        reals += converted("DEQUANTIZE", expected, dtype, quant).tobytes()
    assert found == data[-1].tobytes() + reals + data[-1].tobytes()


@every_language
def test_what_is_no_number_is_the_lowest_value(language: str, tmp_path: Path) -> None:
    main = """\
int main(void)
{
    float zero = 0.0f;
    float infinity = 1.0f / zero;
    (void)check;
    return net_quantize_input_0(zero / zero) == -128 && net_quantize_input_0(infinity) == 127 &&
           net_quantize_input_0(-infinity) == -128 ? 0 : 1;
}
"""
    compiler = LANGUAGES[language]
    program = microlith.compile(copies(4), name="net")
    write_files(source_files(program, targets.get("host")), tmp_path, force=True)
    (tmp_path / f"main.{language}").write_text(MAIN + main)
    include = [f"-I{tmp_path / part}" for part in ("model", "microlith/include")]
    # No other source: what is inline needs nothing, and what is unused is not there.
    command = [*compiler, *include, str(tmp_path / f"main.{language}"), "-o", str(tmp_path / "a")]
    subprocess.run(command, check=True, timeout=120)
    subprocess.run([tmp_path / "a"], check=True, timeout=60)


FORMATS = ("MR_GREY8", "MR_RGB888", "MR_BGR888", "MR_RGB565", "MR_RGB565_SWAPPED")
BYTES = dict(zip(FORMATS, (1, 3, 3, 2, 2), strict=True))

BITMAP = """\
static ALIGNED uint8_t arena[NET_ARENA_SIZE];
static uint8_t pixels[ROWS * STRIDE];

int main(void)
{
    static PIXEL values[256];
    const mr_bitmap bitmap = {pixels, COLUMNS, ROWS, STRIDE, FORMAT};
    const mr_bitmap flipped = {pixels + (ROWS - 1) * STRIDE, COLUMNS, ROWS, -STRIDE, FORMAT};
    const mr_bitmap empty = {pixels, 0, ROWS, STRIDE, FORMAT};
    net_t m;
    int good = check(net_init(&m, arena, sizeof arena));
    net_pixel_values_0(values, -1.0f, 1.0f);
    good = good && fread(pixels, sizeof pixels, 1, stdin) == 1;
    good = good && check(net_set_input_0_bitmap(&m, &bitmap, values));
    good = good && fwrite(net_input(&m, 0), NET_INPUT_0_BYTES, 1, stdout) == 1;
    good = good && check(net_set_input_0_bitmap(&m, &flipped, values));
    good = good && fwrite(net_input(&m, 0), NET_INPUT_0_BYTES, 1, stdout) == 1;
    good = good && net_set_input_0_bitmap(&m, &empty, values) == MR_BAD_ARGUMENT;
    return good && net_set_input_0_bitmap(&m, NULL, values) == MR_BAD_ARGUMENT ? 0 : 1;
}
"""


def picture(height: int, width: int, channels: int, dtype: str) -> tuple[bytes, dict[str, Any]]:
    """A model whose input is a picture, and how it is quantised."""
    quant: dict[str, Any] = {}
    if dtype != "float32":
        quant = {"scale": 2 / 255, "zero_point": -1 if dtype == "int8" else 127}
    b = ModelBuilder()
    x = b.tensor("x", [1, height, width, channels], dtype, **quant)
    y = b.tensor("y", [1, height * width * channels], dtype, **quant)
    shape = b.constant("shape", np.array([1, height * width * channels], np.int32))
    b.op("RESHAPE", [x, shape], [y])
    return b.build([x], [y]), quant


def colours(rows: Array, pixel_format: str) -> Array:
    """uint8[height, width, 3] of a bitmap's rows, uint8[height, width, bytes]."""
    if pixel_format == "MR_GREY8":
        return np.repeat(rows, 3, axis=2)
    if pixel_format == "MR_RGB888":
        return rows
    if pixel_format == "MR_BGR888":
        return rows[:, :, ::-1]
    order = ">u2" if pixel_format == "MR_RGB565_SWAPPED" else "<u2"
    packed = np.ascontiguousarray(rows).view(order)[:, :, 0].astype(int)
    red, green, blue = packed >> 11, packed >> 5 & 63, packed & 31
    eight = [red * 33 >> 2, (green << 2) | (green >> 4), blue * 33 >> 2]
    return np.stack(eight, axis=2).astype(np.uint8)


def as_input(bitmap: Array, height: int, width: int, channels: int) -> Array:
    """What Python's imaging libraries make of colours: nearest pixels, greys by BT.601."""
    rows = ((np.arange(height) + 0.5) * bitmap.shape[0] / height).astype(int)
    columns = ((np.arange(width) + 0.5) * bitmap.shape[1] / width).astype(int)
    scaled = bitmap[rows][:, columns].astype(int)
    if channels == 3:
        return scaled
    return (scaled @ np.array([19595, 38470, 7471]) + 0x8000 >> 16)[:, :, None]


@pytest.mark.parametrize(
    ("pixel_format", "language"), [*((each, "c") for each in FORMATS), ("MR_RGB565", "cpp")]
)
@pytest.mark.parametrize(
    ("size", "source", "channels", "dtype"),
    [
        ((8, 12), (8, 12), 3, "int8"),
        ((9, 8), (23, 17), 1, "uint8"),
        ((16, 10), (11, 7), 3, "float32"),
        ((8, 8), (48, 64), 1, "float32"),
    ],
)
def test_bitmaps_become_inputs(
    size: tuple[int, int],
    source: tuple[int, int],
    channels: int,
    dtype: str,
    pixel_format: str,
    language: str,
    tmp_path: Path,
) -> None:
    model, quant = picture(*size, channels, dtype)
    rows, columns = source
    stride = columns * BYTES[pixel_format] + 5
    values = {"ROWS": rows, "COLUMNS": columns, "STRIDE": stride, "FORMAT": pixel_format}
    values["PIXEL"] = "float" if dtype == "float32" else f"{dtype}_t"
    defines = "".join(f"#define {name} {value}\n" for name, value in values.items())
    binary = build(model, defines + BITMAP, language, tmp_path)
    memory = np.random.default_rng(5).integers(0, 256, (rows, stride)).astype(np.uint8)
    used = memory[:, :-5].reshape(rows, columns, BYTES[pixel_format])
    expected = b""
    for view in (used, used[::-1]):
        levels = as_input(colours(view, pixel_format), *size, channels).astype(np.float32)
        reals = levels / np.float32(127.5) - np.float32(1)
        wanted = converted("QUANTIZE", reals, dtype, quant) if quant else reals
        expected += wanted.astype(dtype).tobytes()
    found = run(binary, memory.tobytes())
    assert len(found) == len(expected)
    close = np.frombuffer(found, dtype).astype(float) - np.frombuffer(expected, dtype)
    # x/127.5 - 1 and -1 + 2x/255 are the same number but for the last bit of a float.
    assert np.abs(close).max() <= (1e-7 if dtype == "float32" else 0)


def test_only_pictures_take_bitmaps() -> None:
    target = targets.get("host")
    plain = source_files(microlith.compile(tiny_convolution(), name="net"), target)
    assert "bitmap" not in plain["model/net.h"]
    assert "microlith/include/microlith_bitmap.h" not in plain
    drawn = source_files(microlith.compile(picture(8, 8, 1, "int8")[0], name="net"), target)
    assert "microlith/include/microlith_bitmap.h" in drawn


SIDE_BY_SIDE = """\
static ALIGNED uint8_t arenas[2][(NET_ARENA_SIZE + 15u) / 16u * 16u];
static net_t models[2];

/* Two instances take turns, a step each, and are then started over for the other's input. */
int main(void)
{
    static uint8_t inputs[2][NET_INPUT_0_BYTES];
    int good = fread(inputs, sizeof inputs, 1, stdin) == 1;
    for (int i = 0; i < 2; i++) {
        good = good && check(net_init(&models[i], arenas[i], sizeof arenas[i]));
    }
    for (int turn = 0; turn < 2; turn++) {
        int done[2] = {0, 0};
        int steps = 0;
        for (int i = 0; i < 2; i++) {
            memcpy(net_input(&models[i], 0), inputs[i ^ turn], NET_INPUT_0_BYTES);
        }
        while (good && !(done[0] && done[1])) {
            for (int i = 0; i < 2; i++) {
                good = good && check(net_step(&models[i], &done[i]));
            }
            steps++;
        }
        good = good && steps > 1 && done[0] == done[1];
        for (int i = 0; i < 2; i++) {
            good = good && fwrite(net_output(&models[i], 0), NET_OUTPUT_0_BYTES, 1, stdout) == 1;
        }
    }
    return good ? 0 : 1;
}
"""


@every_language
def test_instances_run_side_by_side_a_step_at_a_time(language: str, tmp_path: Path) -> None:
    model = tiny_convolution()
    program = microlith.compile(model, name="net")
    inputs = random_inputs(program.inputs, 2, 6)
    expected = program.simulate(inputs).outputs
    first, second = next(iter(expected.values()))
    assert first.tobytes() != second.tobytes()
    binary = build(model, SIDE_BY_SIDE, language, tmp_path)
    found = run(binary, next(iter(inputs.values())).tobytes())
    both = first.tobytes() + second.tobytes()
    assert found == both + second.tobytes() + first.tobytes()
