# SPDX-License-Identifier: Apache-2.0
"""The disassembly of a firmware: every instruction by address, and the function it is in."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from microlith.simulate import toolchain
from microlith.targets.target import Target

_SYMBOL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
_INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2,8} ?)+?) *\t([^\t]+)(?:\t(.*))?$")
_DATA = re.compile(r"^ *([0-9a-f]+):\t([0-9a-f]{8}(?: [0-9a-f]{8})*) {2}")
"""Words without a symbol, followed by their text."""

_WIDTH = re.compile(r"\.[nw]$")
_COMMENT = re.compile(r"\s*(?:[;@]|//).*$")

UNKNOWN = "?"
"""Function of code that no symbol covers."""


@dataclass(frozen=True)
class Instruction:
    """`size` in bytes; `mnemonic` without the suffix of its width; `operands` without comments."""

    address: int
    size: int
    mnemonic: str
    operands: str

    @property
    def end(self) -> int:
        """Address of what follows it in memory."""
        return self.address + self.size


@dataclass(frozen=True)
class Listing:
    """Instructions by address; `functions` are (address, name), sorted."""

    instructions: Mapping[int, Instruction]
    functions: Sequence[tuple[int, str]]

    @cached_property
    def _starts(self) -> list[int]:
        return [address for address, _ in self.functions]

    def function(self, address: int) -> str:
        """Name of the function that `address` lies in."""
        position = bisect.bisect_right(self._starts, address) - 1
        return self.functions[position][1] if position >= 0 else UNKNOWN


def disassemble(target: Target, firmware: Path) -> Listing:
    """The listing of an ELF for `target`; ToolError when objdump is missing."""
    # objdump does not find out by itself that a core has Helium.
    machine = ["-m", "armv8.1-m.main"] if "mve" in target.features else []
    program = toolchain.find(target.tool("objdump"))
    return parse(toolchain.execute([program, "-d", *machine, str(firmware)]).stdout.splitlines())


def parse(lines: Iterable[str]) -> Listing:
    """The listing from what `objdump -d` prints."""
    instructions: dict[int, Instruction] = {}
    functions: list[tuple[int, str]] = []
    for line in lines:
        if found := _INSTRUCTION.match(line):
            place, code, mnemonic, operands = found.groups()
            instructions[int(place, 16)] = Instruction(
                address=int(place, 16),
                size=sum(len(word) for word in code.split()) // 2,
                mnemonic=_WIDTH.sub("", mnemonic.strip()),
                operands=_COMMENT.sub("", operands or ""),
            )
        elif found := _DATA.match(line):
            first = int(found[1], 16)
            for index, word in enumerate(found[2].split()):
                address = first + 4 * index
                instructions[address] = Instruction(address, 4, ".word", f"0x{word}")
        elif found := _SYMBOL.match(line):
            functions.append((int(found[1], 16), found[2]))
    return Listing(instructions, sorted(functions))
