# SPDX-License-Identifier: Apache-2.0
"""`microlith bench`."""

from __future__ import annotations

from microlith.cli import options as o

WIDTH = 116
"""Columns of the table: narrower terminals wrap its lines."""


def command(
    model: o.Model,
    target: o.Target = "cortex-m4",
    name: o.Name = None,
    signature: o.Signature = None,
    keep_inputs: o.KeepInputs = False,
    disable_pass: o.DisablePass = None,
    allow_inexact: o.AllowInexact = False,
    kernels: o.Kernels = "auto",
    cmsis_nn: o.CmsisNN = None,
    optimize: o.Optimize = "balanced",
    trace: o.Trace = None,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Count the instructions of every op, exactly, on an emulated core."""
    from microlith.benchmark import benchmark

    arguments = o.CompileArguments(
        model,
        target,
        name,
        signature,
        keep_inputs,
        disable_pass,
        allow_inexact,
        kernels,
        cmsis_nn,
        optimize,
        trace,
    )
    result = benchmark(arguments.compile(), seed=seed)
    if json:
        o.print_json(result.to_json())
        return
    from rich.console import Console

    from microlith.report.bench import render

    console = Console()
    render(result, Console(width=max(console.width, WIDTH)))
