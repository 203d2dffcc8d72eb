# SPDX-License-Identifier: Apache-2.0
"""Flash and RAM of a firmware, from its ELF alone.

Firmware for a board has an output section for each part (see templates/link.ld.j2). A program of
this machine has not: there the objects in libmodel.a stand for the model and the runtime.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_WRITABLE = 0x1
_ALLOCATED = 0x2
_CODE = (".text", ".rodata", ".data.rel.ro")

Figures = dict[str, int | None]
"""Bytes by name of the part; None where they cannot be measured."""

UNKNOWN_FLASH: Figures = dict.fromkeys(("code", "weights", "system"))
UNKNOWN_RAM: Figures = dict.fromkeys(("arena", "data", "bss", "stack", "system"))


@dataclass(frozen=True)
class Section:
    """A section that takes memory at run time; `size` in bytes."""

    name: str
    size: int
    writable: bool
    empty: bool
    """Not in the file: cleared at start, or not initialised at all."""

    @property
    def is_code(self) -> bool:
        """Instructions and constants, constant pointers that the loader relocates among them."""
        return self.name.startswith(_CODE)

    @property
    def is_variable(self) -> bool:
        return self.writable and not self.is_code


@dataclass(frozen=True)
class Image:
    """What is measured of an ELF file. `symbols` are (value, size) by name."""

    sections: tuple[Section, ...]
    symbols: dict[str, tuple[int, int]]

    def total(self, *names: str) -> int:
        """Bytes of all sections with one of these names."""
        return sum(section.size for section in self.sections if section.name in names)

    def address(self, symbol: str) -> int:
        """Value of a symbol, without the bit that marks Thumb code."""
        return self.symbols[symbol][0] & ~1

    def size(self, *symbols: str) -> int:
        """Bytes of objects; one that is absent has none."""
        return sum(self.symbols.get(symbol, (0, 0))[1] for symbol in symbols)


def read(data: bytes) -> Image | None:
    """The sections and symbols of an ELF file; None for a file of another format."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(io.BytesIO(data))
    except ELFError:
        return None
    return Image(tuple(_sections(elf)), dict(_symbols(elf)))


def _sections(elf: Any) -> Iterator[Section]:
    for section in elf.iter_sections():
        flags = section["sh_flags"]
        if flags & _ALLOCATED:
            empty = section["sh_type"] == "SHT_NOBITS"
            yield Section(section.name, section["sh_size"], bool(flags & _WRITABLE), empty)


def _symbols(elf: Any) -> Iterator[tuple[str, tuple[int, int]]]:
    table = elf.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table is not None else ():
        if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
            yield symbol.name, (symbol["st_value"], symbol["st_size"])


def board_figures(image: Image, name: str, stack: int | None) -> tuple[Figures, Figures]:
    """Flash and RAM, in bytes, of the model `name` in a firmware for a board."""
    flash: Figures = {
        "code": image.total(".model_code", ".model_data"),
        "weights": image.total(".weights"),
        "system": image.total(".vectors", ".system", ".data"),
    }
    return flash, _ram(
        image,
        name,
        stack,
        data=image.total(".model_data"),
        bss=image.total(".model_bss"),
        system=image.total(".data", ".bss"),
    )


def host_figures(
    image: Image, objects: Sequence[Image], name: str, stack: int | None
) -> tuple[Figures, Figures]:
    """The same for a program of this machine, whose libmodel.a holds `objects`."""
    sections = [section for member in objects for section in member.sections]
    weights = image.size(f"{name}_weights")
    data = sum(s.size for s in sections if s.is_variable and not s.empty)
    bss = sum(s.size for s in sections if s.is_variable and s.empty)
    code = sum(s.size for s in sections if s.is_code) - weights + data
    model_ram = data + bss + image.size(*_objects(name))
    all_ram = sum(s.size for s in image.sections if s.is_variable)
    stored = sum(s.size for s in image.sections if not s.empty)
    flash: Figures = {"code": code, "weights": weights, "system": max(stored - code - weights, 0)}
    system = max(all_ram - model_ram, 0)
    return flash, _ram(image, name, stack, data=data, bss=bss, system=system)


def _ram(
    image: Image, name: str, stack: int | None, *, data: int, bss: int, system: int
) -> Figures:
    arena = image.size(*_objects(name))
    return {"arena": arena, "data": data, "bss": bss, "stack": stack, "system": system}


def _objects(name: str) -> tuple[str, str]:
    return f"{name}_arena", f"{name}_state"
