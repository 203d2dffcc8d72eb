# SPDX-License-Identifier: Apache-2.0
"""Runs generated firmware: on this machine, or as a bare-metal image under QEMU.

`run.run` is the entry point. Below it: `toolchain` and `build` (compilers and the object cache),
`image` (from sources to an ELF), `samples` (arrays to files and back), `qemu` and `plugin` (the
emulator and the instruction counter), `measure` (flash and RAM from the ELF).
"""
