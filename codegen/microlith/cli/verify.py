# SPDX-License-Identifier: Apache-2.0
"""`microlith verify`."""

from __future__ import annotations

import typer

from microlith.cli import options as o


def command(
    model: o.Model,
    target: o.Target = "host",
    name: o.Name = None,
    signature: o.Signature = None,
    keep_inputs: o.KeepInputs = False,
    disable_pass: o.DisablePass = None,
    allow_inexact: o.AllowInexact = False,
    kernels: o.Kernels = "auto",
    cmsis_nn: o.CmsisNN = None,
    optimize: o.Optimize = "balanced",
    trace: o.Trace = None,
    input: o.Input = None,
    samples: o.Samples = 8,
    seed: o.Seed = 0,
    json: o.Json = False,
) -> None:
    """Compare every op's output with LiteRT's reference kernels.

    Runs seeded random samples and extreme ones, or those of --input. Ends with 1 when they differ.
    """
    from microlith import execute
    from microlith.verify.inputs import load_npz
    from microlith.verify.verify import render

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
    program = arguments.compile()
    data = load_npz(input, program.inputs) if input else None
    verification = execute.verify(program, samples=samples, seed=seed, inputs=data)
    if json:
        o.print_json(verification.to_json())
    else:
        typer.echo(render(verification))
    if not verification.passed:
        raise typer.Exit(1)
