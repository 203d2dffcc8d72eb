# SPDX-License-Identifier: Apache-2.0
"""What an operator is: the base class of all declarations in this package.

A declaration is the only place that knows its operator. The parser reads the options it lists,
`inspect` its rules and MAC count, docs/OPERATORS.md its signatures, the verifier its tolerance.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from microlith.ir.graph import Array, DType, OpView, Tensor

FLOAT_TOLERANCE = 1e-5
"""Largest error of a float operator, relative to the output's largest magnitude."""


class OptionField(NamedTuple):
    """A scalar field of an options table: slot number in the schema, type, default.

    `type` is bool, int8, uint8, int32 or float (enums are int8), or `[int32]` for a vector.
    """

    slot: int
    name: str
    type: str
    default: Any = 0


@dataclass(frozen=True)
class Options:
    """An options table of the schema (`BuiltinOptions` member `table`)."""

    table: str
    fields: tuple[OptionField, ...] = ()


class Rule(NamedTuple):
    """A broken rule: what is wrong and what the user can do. The place is added by the caller."""

    what: str
    fix: str


@dataclass(frozen=True)
class Types:
    """A legal combination of element types: inputs in order (None: optional), then outputs.

    The last input entry repeats when `variadic` is set, as for CONCATENATION.
    """

    inputs: tuple[DType | None, ...]
    outputs: tuple[DType, ...]
    variadic: bool = False

    def matches(self, op: OpView) -> bool:
        present = op.op.inputs
        expected = self.inputs
        if self.variadic and present:
            expected = expected + expected[-1:] * (len(present) - len(expected))
        if len(present) > len(expected) or len(op.outputs) != len(self.outputs):
            return False
        found = [op.input(i).dtype if op.has_input(i) else None for i in range(len(present))]
        found += [None] * (len(expected) - len(found))
        pairs = zip(found, expected, strict=True)
        return all(a == b or a is None for a, b in pairs) and all(
            a.dtype == b for a, b in zip(op.outputs, self.outputs, strict=True)
        )


class Operator(ABC):
    """Declaration of one builtin operator. Subclasses set the class variables and override what
    differs from the defaults."""

    name: ClassVar[str]
    """Name in the schema's BuiltinOperator, e.g. CONV_2D."""

    summary: ClassVar[str]
    """What it computes, in one line of docs/OPERATORS.md."""

    versions: ClassVar[range]
    """Operator versions that are understood."""

    options: ClassVar[Options | None] = None
    """The options table, or None when it has none that matter."""

    arity: ClassVar[tuple[int, int]] = (1, 1)
    """Least and largest number of inputs."""

    required: ClassVar[int | None] = None
    """Number of leading inputs that must be present (not -1); default: the least number."""

    constant_inputs: ClassVar[tuple[int, ...]] = ()
    """Positions of inputs that must be constant."""

    types: ClassVar[tuple[Types, ...]]
    """Legal element types."""

    tolerance: ClassVar[float] = FLOAT_TOLERANCE
    """Tolerance of float results, relative to the output's largest magnitude. Integers: none."""

    def attributes(self, options: Mapping[str, Any]) -> Any:
        """Attributes from the options table's values by field name."""
        return dict(options)

    def rules(self, op: OpView) -> Iterator[Rule]:
        """Broken rules beyond arity, constants and types. Called only when those hold."""
        yield from ()

    def result_shapes(self, op: OpView) -> Sequence[tuple[int, ...]] | None:
        """Shapes of the outputs, or None when they follow from data that is not constant."""
        return None

    def macs(self, op: OpView) -> int:
        """Multiply-accumulates of one execution."""
        return 0

    def evaluate(self, op: OpView, inputs: Sequence[Array]) -> list[Array] | None:
        """Exact results for constant folding, or None where folding is not offered."""
        return None


def check(operator: Operator, op: OpView) -> Iterator[Rule]:
    """All rules that `op` breaks: version, arity, presence, constants, types, shapes, its own."""
    least, largest = operator.arity
    if op.op.version not in operator.versions:
        newest = operator.versions.stop - 1
        yield Rule(
            f"version {op.op.version} is not supported (known: 1 to {newest})",
            "convert the model with an older converter, or update microlith",
        )
    if not least <= len(op.op.inputs) <= largest:
        yield Rule(
            f"has {len(op.op.inputs)} inputs where {least} to {largest} are legal",
            "convert the model again",
        )
        return
    required = least if operator.required is None else operator.required
    absent = [i for i in range(required) if not op.has_input(i)]
    if absent:
        yield Rule(f"input {absent[0]} is absent but required", "convert the model again")
        return
    structural = list(_constant_rules(operator, op)) + list(_type_rules(operator, op))
    yield from structural
    if not structural:
        own = list(operator.rules(op))
        yield from own or _shape_rules(operator, op)


def constant_results(operator: Operator, op: OpView) -> list[Array] | None:
    """Results of an `op` that keeps its rules and reads constants only, or None: it reads others,
    or its operator cannot evaluate itself exactly."""
    inputs = [op.input(i).data if op.has_input(i) else None for i in range(len(op.op.inputs))]
    present = [data for data in inputs if data is not None]
    absent = sum(index < 0 for index in op.op.inputs)
    if not present or len(present) + absent < len(inputs):
        return None
    return operator.evaluate(op, present)


def _constant_rules(operator: Operator, op: OpView) -> Iterator[Rule]:
    for position in operator.constant_inputs:
        if op.has_input(position) and not op.input(position).is_constant:
            yield Rule(
                f"input {position} ({op.input(position).name!r}) must be a constant",
                "make it a constant of the model before conversion",
            )


def _type_rules(operator: Operator, op: OpView) -> Iterator[Rule]:
    if any(types.matches(op) for types in operator.types):
        return
    found = ", ".join(
        op.input(i).dtype.value if op.has_input(i) else "-" for i in range(len(op.op.inputs))
    )
    results = ", ".join(tensor.dtype.value for tensor in op.outputs)
    legal = "; ".join(describe_types(types) for types in operator.types)
    yield Rule(
        f"types {found} -> {results} are not supported (supported: {legal})",
        "quantise or convert the model to one of the supported types",
    )


def _shape_rules(operator: Operator, op: OpView) -> Iterator[Rule]:
    shapes = operator.result_shapes(op)
    if shapes is None:
        return
    for tensor, shape in zip(op.outputs, shapes, strict=True):
        if tuple(shape) != tensor.shape:
            yield Rule(
                f"output {tensor.name!r} has shape {list(tensor.shape)} in the file, but the "
                f"operator produces {list(shape)}",
                "convert the model again with fixed input shapes",
            )


def describe_types(types: Types) -> str:
    """`int8, int8, int32 -> int8`."""
    inputs = ", ".join("-" if t is None else t.value for t in types.inputs)
    outputs = ", ".join(t.value for t in types.outputs)
    return f"{inputs}{', ...' if types.variadic else ''} -> {outputs}"


def quantised(*tensors: Tensor) -> Iterator[Rule]:
    """Rules for integer activations: each needs one positive scale and one zero point."""
    for tensor in tensors:
        if tensor.dtype not in (DType.INT8, DType.UINT8, DType.INT16):
            continue
        if tensor.quantization is None or tensor.quantization.per_channel:
            yield Rule(
                f"tensor {tensor.name!r} needs per-tensor quantisation (one scale, one zero point)",
                "quantise the model fully, with a representative data set",
            )
        elif tensor.scale <= 0:
            yield Rule(
                f"tensor {tensor.name!r} has scale {tensor.scale:g}, but needs a positive one",
                "quantise the model again",
            )


def symmetric(*tensors: Tensor) -> Iterator[Rule]:
    """Rule that int16 tensors, where they are quantised, have zero point 0."""
    for tensor in tensors:
        if tensor.dtype != DType.INT16 or tensor.quantization is None:
            continue
        if any(tensor.quantization.zero_points):
            yield Rule(
                f"int16 tensor {tensor.name!r} has zero point {tensor.zero_point}, not 0",
                "quantise the model again",
            )


LARGEST_RESCALE = {DType.INT8: 2.0**22, DType.INT16: 2.0**14}
"""Ratio of scales from which 32-bit fixed-point arithmetic overflows."""


def rescaled(source: Tensor, result: Tensor) -> Iterator[Rule]:
    """Rule that quantised values of `source` can be brought to the scale of `result`."""
    limit = LARGEST_RESCALE.get(result.dtype)
    if limit is not None and source.scale / result.scale >= limit:
        yield Rule(
            f"the output's scale {result.scale:g} is too small for an input of scale "
            f"{source.scale:g}",
            "quantise the model again with data that represents the output's range",
        )


def positive(**values: int) -> Iterator[Rule]:
    """Rules for attributes that must be at least 1."""
    for name, value in values.items():
        if value < 1:
            yield Rule(f"{name} is {value}, but must be at least 1", "convert the model again")
