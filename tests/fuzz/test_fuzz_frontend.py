# SPDX-License-Identifier: Apache-2.0
"""Damaged models: each is read and checked, or refused with one clear message; none hangs."""

from __future__ import annotations

import functools
import random
import struct
import time
from collections.abc import Callable

import numpy as np
import pytest

from microlith import frontend
from microlith.errors import MicrolithError
from microlith.inspection import inspect
from tests.paths import ROOT, SHARED
from tests.tflite_builder import ModelBuilder

SEED = 20240
MUTATIONS = 300
"""Mutated files a model: some thousands in all."""

LARGEST = 100_000
"""Bytes. Larger models have the same structure around larger buffers."""

LIMIT = 2.0
"""Seconds that one file may take."""

INTERESTING = (0, 1, 2, 4, 127, 128, 255, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFFC)

Mutation = Callable[[random.Random, bytearray], None]


def flip_bytes(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.randint(1, 8)):
        data[structural(rng, data)] = rng.randrange(256)


def flip_bit(rng: random.Random, data: bytearray) -> None:
    data[structural(rng, data)] ^= 1 << rng.randrange(8)


def truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def overwrite_word(rng: random.Random, data: bytearray) -> None:
    value = rng.choice([rng.getrandbits(32), rng.choice(INTERESTING), rng.randrange(len(data))])
    struct.pack_into("<I", data, word(rng, data), value)


def redirect_offset(rng: random.Random, data: bytearray) -> None:
    """A word becomes a distance to another place of the file, as offsets are."""
    position = word(rng, data)
    struct.pack_into("<I", data, position, (word(rng, data) - position) & 0xFFFFFFFF)


def copy_block(rng: random.Random, data: bytearray) -> None:
    size = 4 * rng.randint(1, 16)
    source, target = word(rng, data), word(rng, data)
    block = data[source : source + size]
    data[target : target + len(block)] = block


def remove_word(rng: random.Random, data: bytearray) -> None:
    position = word(rng, data)
    del data[position : position + 4]


MUTATE: tuple[Mutation, ...] = (
    flip_bytes, flip_bit, truncate, overwrite_word, redirect_offset, copy_block, remove_word,
)  # fmt: skip


@functools.cache
def structure(size: int, model: bytes) -> tuple[int, ...]:
    """Places that are likely structure, not weights: words with small values (offsets, counts,
    indices). Without this, most mutations of a model only change its weights."""
    words = np.frombuffer(model[: size // 4 * 4], "<i4")
    return tuple(4 * int(i) for i in np.flatnonzero(np.abs(words.astype(np.int64)) < size))


class Structured(bytearray):
    """The bytes of a model together with its likely structure."""

    places: tuple[int, ...]


def structural(rng: random.Random, data: bytearray) -> int:
    return min(word(rng, data) + rng.randrange(4), len(data) - 1)


def word(rng: random.Random, data: bytearray) -> int:
    """A place of a whole word: half of the time one with structure."""
    last = (len(data) - 4) // 4
    places = data.places if isinstance(data, Structured) else ()
    if places and rng.random() < 0.5:
        return min(rng.choice(places), 4 * last)
    return 4 * rng.randint(0, last)


def built_model() -> bytes:
    builder = ModelBuilder()
    x = builder.tensor("x", [1, 6, 6, 2], scale=0.5, zero_point=-3)
    w = builder.constant("w", np.ones((3, 3, 3, 2), np.int8), scale=[0.1, 0.2, 0.3])
    b = builder.constant("b", np.zeros(3, np.int32), scale=[0.05, 0.1, 0.15])
    y = builder.tensor("y", [1, 4, 4, 3], scale=0.25)
    z = builder.tensor("z", [1, 48], scale=0.25)
    shape = builder.constant("shape", np.array([1, 48], np.int32))
    options = {"padding": "VALID", "strideW": 1, "strideH": 1, "fusedActivationFunction": "RELU"}
    builder.op("CONV_2D", [x, w, b], [y], options, version=3)
    builder.op("RESHAPE", [y, shape], [z], {"newShape": [1, 48]})
    return builder.build([x], [z], {"serve": ({"image": x}, {"scores": z})})


def models() -> dict[str, bytes]:
    """The built model, and real ones where they are there."""
    paths = [*(ROOT / "examples").glob("*/*.tflite"), *(SHARED / "models").glob("*/*.tflite")]
    real = {path.stem: path.read_bytes() for path in sorted(paths)}
    return {"built": built_model(), **{k: v for k, v in real.items() if len(v) < LARGEST}}


MODELS = models()


def outcome(data: bytes) -> str:
    """What became of a file: anything else than these two raises here and fails the test."""
    try:
        graph = frontend.parse(data, "mutated")
        frontend.check(graph)
        inspect(graph).to_json()
    except MicrolithError as error:
        assert str(error)
        return "refused"
    return "read"


@pytest.mark.parametrize("name", MODELS)
def test_damaged_models_end_in_a_message(name: str) -> None:
    original = MODELS[name]
    rng = random.Random(f"{SEED} {name}")
    outcomes = []
    for number in range(MUTATIONS):
        data = Structured(original)
        data.places = structure(len(original), original)
        for _ in range(rng.choice((1, 1, 2, 4))):
            if len(data) >= 8:
                rng.choice(MUTATE)(rng, data)
        start = time.perf_counter()
        try:
            outcomes.append(outcome(bytes(data)))
        except Exception as error:
            raise AssertionError(f"mutation {number} of {name} is not refused cleanly") from error
        assert time.perf_counter() - start < LIMIT, f"mutation {number} of {name} takes too long"
    assert set(outcomes) == {"read", "refused"}
