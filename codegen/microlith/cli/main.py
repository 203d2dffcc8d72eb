# SPDX-License-Identifier: Apache-2.0
"""Entry point of `microlith`, and what all verbs share: exit codes and where messages go.

Exit codes: 0 done, 1 verification failed or internal fault, 2 the user's input or environment.
"""

from __future__ import annotations

import os
import sys

import typer

from microlith.cli import (
    add,
    bench,
    boards,
    deploy,
    doctor,
    fit,
    generate,
    inspect,
    optimize,
    platformio_offline,
    simulate,
    targets,
    tune,
    verify,
)
from microlith.errors import MicrolithError

app = typer.Typer(
    name="microlith",
    help="Compiles TensorFlow Lite models to verified C for Arm microcontrollers and phones.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(value: bool) -> None:
    if value:
        from microlith.version import __version__

        typer.echo(f"microlith {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options of the program itself."""


app.command("inspect")(inspect.command)
app.command("optimize")(optimize.command)
app.command("generate")(generate.command)
app.command("simulate")(simulate.command)
app.command("verify")(verify.command)
app.command("bench")(bench.command)
app.command("tune")(tune.command)
app.command("targets")(targets.command)
app.command("boards")(boards.command)
app.command("build")(deploy.build)
app.command("flash")(deploy.flash)
app.command("run")(deploy.run)
app.command("fit")(fit.command)
app.command("doctor")(doctor.command)
app.command("add")(add.command)
app.command("platformio-offline")(platformio_offline.command)


def _complain(message: str) -> None:
    """On a terminal, the name stands out."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        text = Text.assemble(("microlith: ", "bold red"), message)
        Console(stderr=True, soft_wrap=True, highlight=False).print(text)
    else:
        print(f"microlith: {message}", file=sys.stderr)


def main() -> None:
    """Runs the command line; messages go to standard error."""
    try:
        app()
    except MicrolithError as error:
        _complain(str(error))
        sys.exit(2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as fault:
        if os.environ.get("MICROLITH_DEBUG"):
            raise
        print(
            f"microlith: internal fault: {type(fault).__name__}: {fault}; this is a defect of "
            "microlith, please report it (MICROLITH_DEBUG=1 shows the traceback)",
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
