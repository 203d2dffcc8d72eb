# SPDX-License-Identifier: MIT-0
"""Reads what the self-test prints: samples, outputs, and PASS or FAIL at the end. Generated."""

import subprocess
from pathlib import Path

import click
from platformio.test.result import TestCase, TestStatus
from platformio.test.runners.base import TestRunnerBase

TIME_LIMIT = 600  # seconds


class CustomTestRunner(TestRunnerBase):
    """One test case a program: PASS on a line of its own is the only success."""

    def stage_testing(self):
        if self.options.without_testing:
            return
        if self.platform.name == "microlith":
            self._run_here()
        else:
            super().stage_testing()
        if not self.test_suite.cases:
            self._judge(TestStatus.FAILED, "no verdict was printed")

    def on_testing_line_output(self, line):
        click.echo(line, nl=False)
        verdict = line.strip()
        if verdict in ("PASS", "FAIL"):
            self._judge(TestStatus.PASSED if verdict == "PASS" else TestStatus.FAILED)

    def _judge(self, status, message=None):
        if message:
            click.secho(message, fg="red", err=True)
        self.test_suite.add_case(TestCase("golden vectors", status, message=message))
        self.test_suite.on_finish()

    def _run_here(self):
        """Runs the program on this machine, in the emulator if it is for an emulated board."""
        section = f"env:{self.test_suite.env_name}"
        board = self.platform.board_config(self.project_config.get(section, "board"))
        settings = board.get("build.microlith")
        build = Path(self.project_config.get("platformio", "build_dir"), self.test_suite.env_name)
        program = str(build / (settings["program"] + settings["suffix"]))
        result = subprocess.run(
            [*settings["emulator"], program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
            check=False,
        )
        self.on_testing_data_output(result.stdout)
