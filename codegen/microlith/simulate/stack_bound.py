# SPDX-License-Identifier: Apache-2.0
"""The most stack that a function can take, from the firmware's code: frames and calls."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from microlith.cycles.instruction import registers
from microlith.simulate.listing import Instruction, Listing

_PUSHES = re.compile(r"(push|stmdb|stmfd)")
_VECTOR_PUSHES = re.compile(r"(vpush|vstmdb)")
_SUBTRACTS = re.compile(r"^sp,(?: sp,)? #(\d+)$")
_BELOW = re.compile(r"\[sp, #-(\d+)\]!$")
_LEAVES = re.compile(r"(b|bx|pop|ldm.*|udf|bkpt|nop|\.word|\.short|\.byte|movs?)$")
"""What a function can end in; alignment and constants may follow the last jump."""

_TARGET = re.compile(r"\b([0-9a-f]+) <")
_IMMEDIATE = re.compile(r"^(\w+), #(\d+)$")


@dataclass(frozen=True)
class Frame:
    """What one function does to the stack. `bytes` is None when it depends on data; `calls` are
    functions, by address, that it calls or goes on in, `indirect` whether it calls any through a
    pointer, `taken` those whose address it holds, and `tables` the data that it refers to. Data is
    a function that is never called."""

    bytes: int | None
    calls: frozenset[int]
    indirect: bool
    taken: frozenset[int]
    tables: frozenset[int]


def bound(listing: Listing, root: str, kernels: Collection[str], dispatcher: str) -> int | None:
    """Bytes of stack that `root` and all that it calls can take; None when the code does not tell.

    `dispatcher` is the function that calls `kernels` through pointers. Any other call through a
    pointer goes to one of the functions whose address the code under `root` takes, but to none
    that is running: the runtime has no recursion. Interrupts come on top, on the stack of whoever
    they interrupt.
    """
    found = frames(listing)
    address = {name: start for start, name in listing.functions}
    if root not in address or dispatcher not in address:
        return None
    dispatched = frozenset(address[name] for name in kernels if name in address)
    known = {**found, address[dispatcher]: _dispatching(found[address[dispatcher]], dispatched)}
    reached = _reached(known, address[root])
    pointed = {target for f in reached for target in known[f].taken} - dispatched
    if any(known[f].indirect and not pointed for f in reached):
        return None
    return _deepest(known, pointed, address[root], ())


def _dispatching(frame: Frame, kernels: frozenset[int]) -> Frame:
    """The frame of a function whose pointers are known to lead to `kernels`."""
    return replace(frame, calls=frame.calls | kernels, indirect=False)


def _reached(found: Mapping[int, Frame], root: int) -> set[int]:
    """Functions that may run under `root`, called directly or with their address taken, and the
    data that they refer to."""
    reached: set[int] = set()
    pending = [root]
    while pending:
        function = pending.pop()
        if function not in reached:
            reached.add(function)
            frame = found[function]
            pending += [*frame.calls, *frame.taken, *frame.tables]
    return reached


def _deepest(
    found: Mapping[int, Frame], pointed: Collection[int], function: int, above: tuple[int, ...]
) -> int | None:
    """Of `function` and what it calls; None for recursion and for frames of unknown size."""
    frame = found[function]
    if frame.bytes is None or function in above:
        return None
    chain = (*above, function)
    called = set(frame.calls)
    if frame.indirect:
        called |= set(pointed) - set(chain)
    below = [_deepest(found, pointed, callee, chain) for callee in called]
    known = [depth for depth in below if depth is not None]
    return frame.bytes + max(known, default=0) if len(known) == len(below) else None


def frames(listing: Listing) -> dict[int, Frame]:
    """Of every function, by its address. A frame is the sum of all that the function puts on the
    stack, on any of its paths."""
    code: dict[int, list[Instruction]] = {start: [] for start, _ in listing.functions}
    starts = sorted(code)
    for address in sorted(listing.instructions):
        position = bisect.bisect_right(starts, address) - 1
        if position >= 0:
            code[starts[position]].append(listing.instructions[address])
    return {start: _frame(start, instructions, code) for start, instructions in code.items()}


def _frame(start: int, code: list[Instruction], functions: Collection[int]) -> Frame:
    sizes = [_pushed(instruction) for instruction in code]
    known = [size for size in sizes if size is not None]
    targets = {*_targets(code), *_next(code)} - {start}
    constants = {*_constants(code)} - {start, start + 1}
    return Frame(
        bytes=sum(known) if len(known) == len(sizes) else None,
        calls=frozenset(target for target in targets if target in functions),
        indirect=any(_calls_pointer(instruction) for instruction in code),
        taken=frozenset(a - 1 for a in constants if a % 2 and a - 1 in functions),
        tables=frozenset(a for a in constants if a in functions),
    )


def _next(code: list[Instruction]) -> Iterator[int]:
    """Where a function goes on whose last instruction does not leave it, as in assembly."""
    if code and not _LEAVES.match(code[-1].mnemonic):
        yield code[-1].end


def _pushed(instruction: Instruction) -> int | None:
    """Bytes by which an instruction lowers the stack pointer; None when that is not a constant."""
    mnemonic, operands = instruction.mnemonic, instruction.operands
    if _PUSHES.match(mnemonic) or _VECTOR_PUSHES.match(mnemonic):
        listed = operands[operands.index("{") :]
        on_stack = "push" in mnemonic or operands.startswith("sp!")
        return 4 * len(registers(listed)) if on_stack else 0
    if below := _BELOW.search(operands):
        return int(below[1])
    if mnemonic.startswith("sub") and operands.startswith("sp,"):
        found = _SUBTRACTS.match(operands)
        return int(found[1]) if found else None
    moves = mnemonic.startswith(("add", "mov")) and operands.startswith("sp,")
    return None if moves and "#" not in operands else 0


def _targets(code: list[Instruction]) -> Iterator[int]:
    """Where direct calls and jumps go."""
    for instruction in code:
        if instruction.mnemonic.startswith("b"):
            found = _TARGET.search(instruction.operands)
            if found:
                yield int(found[1], 16)


def _calls_pointer(instruction: Instruction) -> bool:
    mnemonic, operands = instruction.mnemonic, instruction.operands
    return (mnemonic.startswith("blx") and "<" not in operands) or (
        mnemonic.startswith("bx") and operands != "lr"
    )


def _constants(code: list[Instruction]) -> Iterator[int]:
    """32-bit constants: words beside the code, and pairs of MOVW and MOVT."""
    low: dict[str, int] = {}
    for instruction in code:
        if instruction.mnemonic == ".word":
            yield int(instruction.operands, 16)
        elif found := _IMMEDIATE.match(instruction.operands):
            register, value = found[1], int(found[2])
            if instruction.mnemonic == "movw":
                low[register] = value
            elif instruction.mnemonic == "movt":
                yield value << 16 | low.get(register, 0)
