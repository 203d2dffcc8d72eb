# SPDX-License-Identifier: Apache-2.0
"""RAM of the example and of reference models on Cortex-M4, from the linked firmware: the arena and
the model's state, op after op and with plans by rows, and the instructions that these take.

Prints a table, writes build/memory.json; --markdown prints README's table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import microlith
from microlith.execute import simulate
from microlith.verify.inputs import random_inputs

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "models"
MODELS = {
    "digits": ROOT / "examples" / "digits" / "digits_int8.tflite",
    "kws": SHARED / "mlperf_tiny" / "kws_int8.tflite",
    "ic": SHARED / "mlperf_tiny" / "ic_int8.tflite",
    "vww": SHARED / "mlperf_tiny" / "vww_int8.tflite",
    "sww": SHARED / "mlperf_tiny" / "sww_int8.tflite",
    "ad": SHARED / "mlperf_tiny" / "ad_int8.tflite",
    "person_detect": SHARED / "tflite_micro" / "person_detect_int8.tflite",
    "mobilenetv2": SHARED / "keras" / "mobilenetv2_035_96_int8.tflite",
}
FRAMEWORK = {
    "kws": 22_820, "ic": 54_996, "vww": 100_708, "sww": 16_596, "ad": 2_580,
    "person_detect": 82_308,
}  # fmt: skip
"""The arena of TensorFlow Lite Micro (90b983c) with CMSIS-NN (99f736a) on Cortex-M4, in bytes."""

PLANS = {
    "layer by layer": {"plan": "layerwise"},
    "balanced": {"plan": "stream"},
    "ram": {"plan": "stream", "optimize": "ram"},
}
"""How each column is compiled."""

TARGET = "cortex-m4"
REPORT = ROOT / "build" / "memory.json"

Figures = Mapping[str, int]
"""`ram`, `bound` and `instructions` of one model and plan."""


def measure(model: Path, options: Mapping[str, str]) -> Figures:
    program = microlith.compile(
        model, target=TARGET, plan=options["plan"], optimize=options.get("optimize", "balanced")
    )
    result = simulate(program, random_inputs(program.inputs, 1, 0))
    assert result.instructions is not None
    return {
        "ram": result.ram["arena"] or 0,
        "bound": program.memory.bound,
        "instructions": result.instructions[0],
    }


def markdown(measured: Mapping[str, Mapping[str, Figures]]) -> str:
    lines = [
        "| model | TensorFlow Lite Micro | "
        + " | ".join(PLANS)
        + " | instructions of balanced, of ram |",
        "| --- |" + " ---: |" * (len(PLANS) + 2),
    ]
    for name, plans in measured.items():
        base = plans["layer by layer"]["instructions"]
        more = ", ".join(
            f"{plans[plan]['instructions'] / base - 1:+.1%}" for plan in ("balanced", "ram")
        )
        framework = f"{FRAMEWORK[name]:,}" if name in FRAMEWORK else ""
        bytes_ = " | ".join(f"{plans[plan]['ram']:,}" for plan in PLANS)
        lines.append(f"| {name} | {framework} | {bytes_} | {more} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print README's table only")
    arguments = parser.parse_args()
    measured = {
        name: {plan: measure(path, options) for plan, options in PLANS.items()}
        for name, path in MODELS.items()
        if path.is_file()
    }
    if not arguments.markdown:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(
            json.dumps({"target": TARGET, "models": measured}, indent=1) + "\n", "utf-8"
        )
    print(markdown(measured))


if __name__ == "__main__":
    main()
