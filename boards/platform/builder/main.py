# SPDX-License-Identifier: MIT-0
"""Builds a program for an emulated board, or for this machine, with a compiler of the system.

    pio run                 firmware.elf
    pio run -t upload       starts it in the emulator and waits for its verdict, PASS or FAIL
    pio run -t qemu         starts it in the emulator, and nothing else

All that is special about a board is in the "microlith" object of its boards/*.json.
"""

import shutil
import subprocess
import sys
from threading import Timer

from SCons.Script import (  # pylint: disable=import-error
    COMMAND_LINE_TARGETS,
    AlwaysBuild,
    Default,
    DefaultEnvironment,
)

TIME_LIMIT = 600  # seconds

env = DefaultEnvironment()
platform_dir = env.PioPlatform().get_dir()
board = env.BoardConfig()
settings = board.get("build.microlith")
port = f"{platform_dir}/{settings['port']}"
emulator = settings["emulator"]


def require(program):
    """Ends the build with a message when a program is missing."""
    if shutil.which(program) is None:
        sys.stderr.write(
            f"microlith: {program} is needed, but not installed; `microlith doctor` tells "
            "which package brings it\n"
        )
        env.Exit(1)


def command():
    return [*emulator, env.subst("$PROGPATH")]


def upload(target, source, env):
    """Runs the firmware and passes its console on, as a programmer with a serial port would."""
    require(command()[0])
    verdict = None
    with subprocess.Popen(
        command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
    ) as process:
        timer = _stop_after(process, TIME_LIMIT)
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.strip() in ("PASS", "FAIL"):
                verdict = line.strip()
        code = process.wait()
        timer.cancel()
    if verdict == "PASS" and code == 0:
        return 0
    sys.stderr.write(
        f"microlith: the firmware ended with {verdict or 'no verdict'} (exit code {code})\n"
    )
    return 1


def _stop_after(process, seconds):
    timer = Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    return timer


def interact(target, source, env):
    require(command()[0])
    return subprocess.call(command())


require(settings["compiler"])
prefix = settings["prefix"]
env.Replace(
    CC=settings["compiler"],
    CXX=prefix + "g++",
    AS=settings["compiler"],
    LINK="$CC",
    AR=prefix + "ar",
    RANLIB=prefix + "ranlib",
    PROGNAME=settings["program"],
    PROGSUFFIX=settings["suffix"],
)
env.Append(
    CFLAGS=settings["c_flags"],
    CCFLAGS=settings["flags"] + ["-ffunction-sections", "-fdata-sections"],
    LINKFLAGS=settings["flags"] + settings["link_flags"],
    LIBS=settings["libraries"],
    CPPPATH=[port],
)
if settings["linker_script"]:
    script = f"{platform_dir}/{settings['linker_script']}"
    env.Append(LINKFLAGS=["-T", script])
    env.Replace(
        SIZETOOL=prefix + "size",
        SIZEPROGREGEXP=settings["flash_sections"],
        SIZEDATAREGEXP=settings["ram_sections"],
        SIZECHECKCMD="$SIZETOOL -A -d $SOURCES",
        SIZEPRINTCMD="$SIZETOOL -B -d $SOURCES",
    )

env.BuildSources("$BUILD_DIR/port", port)

if "nobuild" in COMMAND_LINE_TARGETS:
    program = env.subst("$PROGPATH")
else:
    program = env.BuildProgram()
    if settings["linker_script"]:
        env.Depends(program, script)

AlwaysBuild(env.Alias("nobuild", program))
AlwaysBuild(env.Alias("size", program, env.VerboseAction("$SIZEPRINTCMD", "Measuring $SOURCE")))
AlwaysBuild(env.Alias("upload", program, env.VerboseAction(upload, "Running $SOURCE")))
env.AddTarget(
    "qemu",
    program,
    env.VerboseAction(interact, "Running $SOURCE"),
    title="QEMU",
    description="Run in the emulator, without a verdict",
)
Default(
    [env.Alias("buildprog", program, program), "size"] if settings["linker_script"] else program
)
