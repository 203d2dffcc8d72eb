# SPDX-License-Identifier: Apache-2.0
"""What an Arm instruction is, from its disassembly: its class, and registers read and written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_CONDITION = "(?:eq|ne|cs|hs|cc|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|al)?"

# The first pattern that matches the whole mnemonic decides.
_CLASSES: tuple[tuple[str, str], ...] = (
    ("loop", "le|letp"),
    ("loop_start", r"(dls|wls|dlstp|wlstp|lctp)(\..*)?"),
    ("branch", f"b{_CONDITION}|cbn?z"),
    ("call", f"blx?{_CONDITION}"),
    ("return", f"bx{_CONDITION}|bxns"),
    ("table_branch", "tb[bh]"),
    ("it", "it[te]{0,3}"),
    ("divide", f"[su]div{_CONDITION}"),
    ("multiply_accumulate_long", f"([su]mlal|smlal[bt][bt]|smlaldx?|smlsldx?|umaal)s?{_CONDITION}"),
    ("multiply_long", f"[su]mulls?{_CONDITION}"),
    (
        "multiply_accumulate",
        f"(mla|mls|smla[bt][bt]|smlaw[bt]|smladx?|smlsdx?|smml[as]r?)s?{_CONDITION}",
    ),
    ("multiply", f"(mul|smul[bt][bt]|smulw[bt]|smuadx?|smusdx?|smmulr?)s?{_CONDITION}"),
    ("load_double", f"ldrd{_CONDITION}"),
    ("store_double", f"strd{_CONDITION}"),
    ("load", f"ldr(s?[bh])?{_CONDITION}"),
    ("store", f"str[bh]?{_CONDITION}"),
    ("load_multiple", f"(ldm(ia|db)?|pop){_CONDITION}"),
    ("store_multiple", f"(stm(ia|db)?|push){_CONDITION}"),
    ("system", "msr|mrs|dsb|dmb|isb|svc|bkpt|cps.*|wf[ei]|sev"),
    ("vector_predicate", "vpst[te]*|vpnot|vctp.*"),
    ("fpu_load_multiple", "(vldm(ia|db)?|vpop).*"),
    ("fpu_store_multiple", "(vstm(ia|db)?|vpush).*"),
    ("fpu_move", f"(vmov|vmrs|vmsr){_CONDITION}(\\..*)?"),
)
_VECTOR_MULTIPLY = re.compile(
    r"v(q?r?d?ml[as]|q?r?d?mul|fm[as]|addl?v|cmul|cmla|cmp|pt|cvt|rint|(max|min)nm"
    r"|(add|sub|abd|abs|neg|cadd)[te]?\.f).*"
)
"""What runs in the unit for products and floats, after LLVM's model of Cortex-M55."""

_VECTOR_ACCUMULATE = re.compile(r"vr?ml[as]l?d?ava.*|v(q?r?d?ml[as](?!l?d?av)|fm[as]).*")
_FPU_ACCUMULATE = re.compile(r"v(fn?m[as]|n?ml[as]).*")
_FPU_DIVIDE = re.compile(r"v(div|sqrt).*")
_COMPILED = tuple((name, re.compile(pattern)) for name, pattern in _CLASSES)

_ELEMENT = re.compile(r"\.[usfi]?(8|16|32|64)$")

_UNARY = re.compile(r"(v|mov|mvn|cpy|neg|adr|clz|rev|rbit|rrx|[su]xt[bh])")
"""What has two operands and does not read the first."""

_REGISTER = re.compile(r"\b(r\d+|[sdq]\d+|sb|sl|fp|ip|sp|lr|pc)\b")
_RANGE = re.compile(r"\b([rsdq]\d+|sb|sl|fp|ip|lr)-([rsdq]\d+|sb|sl|fp|ip|lr|pc)\b")
_ALIASES = {
    "sb": "r9",
    "sl": "r10",
    "fp": "r11",
    "ip": "r12",
    "sp": "r13",
    "lr": "r14",
    "pc": "r15",
}
_SINGLES = {"s": 1, "d": 2, "q": 4}
"""32-bit registers in one of the FPU's registers."""


@dataclass(frozen=True)
class Operation:
    """An instruction as a pipeline sees it.

    `reads` and `writes` are registers of 32 bits, r0 to r15 and s0 to s31; `accumulator` those
    that are read to be added to; `transfers` the 32-bit words that a load or store moves.
    """

    kind: str
    reads: frozenset[str]
    writes: frozenset[str]
    accumulator: frozenset[str] = frozenset()
    transfers: int = 1
    from_code: bool = False
    """Whether it loads a constant that lies beside the code."""


@lru_cache(maxsize=4096)
def kind(mnemonic: str, operands: str) -> str:
    """Class of an instruction: a key of the cost tables. What is not told apart is `alu`."""
    for name, pattern in _COMPILED:
        if pattern.fullmatch(mnemonic):
            return _moved(operands) if name == "fpu_move" else name
    if not mnemonic.startswith("v"):
        return "alu"
    return _access(mnemonic, operands) or _arithmetic(mnemonic, operands)


def _moved(operands: str) -> str:
    """VMOV of a vector, of one of its lanes, or of the FPU's registers."""
    return "vector_alu" if re.search(r"\bq\d", operands) else "fpu_move"


def _access(mnemonic: str, operands: str) -> str | None:
    """Class of a load or store of the FPU or of vectors."""
    if mnemonic.startswith(("vld", "vst")):
        direction = "load" if mnemonic.startswith("vld") else "store"
        if re.search(r"\[.*\bq\d", operands):
            return "vector_gather" if direction == "load" else "vector_scatter"
        return f"vector_{direction}" if re.search(r"\bq\d", operands) else f"fpu_{direction}"
    return None


def _arithmetic(mnemonic: str, operands: str) -> str:
    if re.search(r"\bq\d", operands):
        return "vector_multiply" if _VECTOR_MULTIPLY.fullmatch(mnemonic) else "vector_alu"
    if _FPU_ACCUMULATE.fullmatch(mnemonic):
        return "fpu_multiply_accumulate"
    return "fpu_divide" if _FPU_DIVIDE.fullmatch(mnemonic) else "fpu"


@lru_cache(maxsize=65536)
def decode(mnemonic: str, operands: str) -> Operation:
    """The operation of a disassembled instruction."""
    name = kind(mnemonic, operands)
    parts = _split(operands)
    if name in ("load_multiple", "fpu_load_multiple"):
        listed = registers(_list(operands))
        base = frozenset() if mnemonic.startswith(("pop", "vpop")) else registers(parts[0])
        return Operation(name, base, listed, transfers=len(listed))
    if name in ("store_multiple", "fpu_store_multiple"):
        stored = registers(_list(operands))
        return Operation(name, registers(operands), frozenset(), transfers=len(stored))
    if _only_reads(mnemonic, name):
        count = _stored(name, mnemonic, parts)
        return Operation(name, registers(operands), frozenset(), transfers=count)
    targets = 2 if name in ("load_double", "multiply_long", "multiply_accumulate_long") else 1
    written = registers(",".join(parts[:targets]))
    sources = registers(",".join(parts[targets:]))
    if name in ("alu", "multiply") and _changes(mnemonic, parts):
        sources |= written
    added = _accumulator(name, mnemonic, parts, written)
    return Operation(
        name,
        reads=sources | added,
        writes=written,
        accumulator=added,
        transfers=_loaded(name, mnemonic, written),
        from_code="[pc" in operands,
    )


def _changes(mnemonic: str, parts: list[str]) -> bool:
    """Whether it reads the register that it writes: `adds r0, r1` stands for r0 = r0 + r1."""
    if mnemonic.startswith(("bfi", "bfc", "movt")):
        return True
    return len(parts) == 2 and not _UNARY.match(mnemonic)


def _only_reads(mnemonic: str, name: str) -> bool:
    compares = mnemonic.startswith(("cmp", "cmn", "tst", "teq", "vcmp", "vpt"))
    stores = name in ("store", "store_double", "fpu_store", "vector_store", "vector_scatter")
    return compares or stores or name in ("branch", "call", "return", "table_branch", "it", "loop")


def _accumulator(
    name: str, mnemonic: str, parts: list[str], written: frozenset[str]
) -> frozenset[str]:
    if name in ("multiply_accumulate_long", "fpu_multiply_accumulate"):
        return written
    if name == "multiply_accumulate":
        return registers(parts[3]) if len(parts) > 3 else frozenset()
    accumulates = name == "vector_multiply" and _VECTOR_ACCUMULATE.fullmatch(mnemonic)
    return written if accumulates else frozenset()


def _stored(name: str, mnemonic: str, parts: list[str]) -> int:
    """Words that a store moves; a scatter moves each element by itself."""
    if name == "vector_scatter":
        return _elements(mnemonic)
    return 2 if name == "store_double" else len(registers(parts[0])) if parts else 1


def _loaded(name: str, mnemonic: str, written: frozenset[str]) -> int:
    """Words that a load moves; a gather moves each element by itself."""
    return _elements(mnemonic) if name == "vector_gather" else len(written)


def _elements(mnemonic: str) -> int:
    """Elements in a vector of the type that a mnemonic ends in."""
    found = _ELEMENT.search(mnemonic)
    return 128 // int(found[1]) if found else 4


def _list(operands: str) -> str:
    """The register list between braces."""
    found = re.search(r"\{(.*)\}", operands)
    return found[1] if found else operands


def _split(operands: str) -> list[str]:
    """Operands at the commas outside brackets."""
    return [part.strip() for part in re.split(r",(?![^\[{]*[\]}])", operands) if part.strip()]


@lru_cache(maxsize=4096)
def registers(text: str) -> frozenset[str]:
    """32-bit registers that are named in `text`, ranges included."""
    found = {part for name in _REGISTER.findall(text) for part in _parts(name)}
    for ends in _RANGE.findall(text):
        first, last = (_ALIASES.get(name, name) for name in ends)
        numbers = range(int(first[1:]), int(last[1:]) + 1)
        found |= {part for number in numbers for part in _parts(f"{first[0]}{number}")}
    return frozenset(found)


def _parts(name: str) -> list[str]:
    name = _ALIASES.get(name, name)
    width = _SINGLES.get(name[0])
    if width is None:
        return [name]
    first = int(name[1:]) * width
    return [f"s{number}" for number in range(first, first + width)]
