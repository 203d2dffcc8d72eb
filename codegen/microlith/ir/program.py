# SPDX-License-Identifier: Apache-2.0
"""Program: how a graph is computed on one target.

Ordered steps, each with a chosen kernel, packed constants and byte offsets into the arena.
Emission, reports and simulators read nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from microlith.ir.graph import Array, Channels, DType, Quantization

if TYPE_CHECKING:
    from microlith.simulate.run import SimulationResult
    from microlith.verify.verify import Verification


@dataclass(frozen=True)
class BufferRef:
    """`offset` bytes into a buffer of the arena, in a kernel's parameters."""

    buffer: int
    offset: int = 0


@dataclass(frozen=True)
class ConstantRef:
    """A constant of the weights, by name, in a kernel's parameters."""

    name: str


Value = int | float | BufferRef | ConstantRef | Sequence["Value"] | Mapping[str, "Value"]
Params = Mapping[str, Value]


@dataclass(frozen=True, eq=False)
class Constant:
    """A typed array of the weights struct. `values` is one-dimensional; `alignment`, in bytes,
    counts where it is larger than that of the elements."""

    name: str
    values: Array
    comment: str = ""
    alignment: int = 1

    @property
    def nbytes(self) -> int:
        return int(self.values.nbytes)


@dataclass(frozen=True)
class Span:
    """`size` bytes at `offset` in the arena, live from step `first` to step `last`."""

    offset: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Buffer:
    """A range of the arena, live from the start of step `first` to the end of step `last`.

    Step -1 is the time before an invoke (inputs are written then) and `len(steps)` the time after
    it (outputs are read). `role` is input, output, activation, scratch or variable. `also` names
    the tensors that take over its bytes in place. `spans` has its parts that live on their own: the
    rows of a tensor that never exists whole, each `size` bytes at an offset in the arena. With
    `listed`, these follow no rule: a table among the constants has them.
    """

    name: str
    role: str
    size: int
    alignment: int
    first: int
    last: int
    offset: int = 0
    tensor: int | None = None
    also: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    listed: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def is_scratch(self) -> bool:
        return self.role == "scratch"


@dataclass(frozen=True)
class Rows:
    """How an output lies in memory: `count` rows of `pitch` bytes; row r is at
    `base + (r mod capacity) * pitch`, or, with capacity 0, where the constant `table` says. The
    first `lead` rows of the call come before them."""

    buffer: int
    tensor: int
    count: int
    pitch: int
    capacity: int
    lead: int = 0
    table: str = ""


@dataclass(frozen=True)
class Call:
    """A kernel with its parameters: one op of the model on this target. `shape` is that of its
    first output, `label` that output's name in the model, shortened; `library_sources` are the C
    files of CMSIS-NN that it needs, as paths in CMSIS-NN's directory."""

    op: int
    kind: str
    name: str
    comment: str
    kernel: str
    backend: str
    function: str
    source: str
    params_type: str
    params: Params
    inputs: tuple[int, ...]
    outputs: tuple[Rows, ...]
    shape: tuple[int, ...]
    rows: int
    macs: int
    reason: str
    exact: bool = True
    library_sources: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Step:
    """One entry of the execution plan: a call on output rows [first, first + count)."""

    call: int
    first: int
    count: int


@dataclass(frozen=True)
class Port:
    """An input or output of the model. `key` is its name in .npz files; `label` a C identifier."""

    key: str
    label: str
    tensor: int
    name: str
    dtype: DType
    shape: tuple[int, ...]
    quantization: Quantization | None
    buffer: int

    @property
    def nbytes(self) -> int:
        n = self.dtype.size
        for extent in self.shape:
            n *= extent
        return n


@dataclass(frozen=True)
class MemoryPlan:
    """Figures of the arena, in bytes. `bound` is the liveness bound: no assignment of offsets can
    need less. `activations` and `activation_bound` leave kernel scratch out."""

    arena: int
    bound: int
    activations: int
    activation_bound: int
    proven_optimal: bool
    method: str
    pinned_by: str


@dataclass(frozen=True, eq=False)
class Program:
    """Everything that is needed to emit, simulate and report one model on one target.

    `kernels` is the backend that was asked for. `model` holds the bytes of the .tflite that the
    program was compiled from, for `verify`; `cmsis_nn` is the directory of CMSIS-NN, for whatever
    builds the program. `channels` has the tensors that lost channels to a pass.
    """

    name: str
    target: str
    model_name: str
    model_sha256: str
    model_size: int
    description: str
    calls: tuple[Call, ...]
    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    constants: tuple[Constant, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    memory: MemoryPlan
    keep_inputs: bool = False
    disabled_passes: tuple[str, ...] = ()
    kernels: str = "auto"
    model: bytes = b""
    cmsis_nn: Path | None = None
    channels: Mapping[int, Channels] = field(default_factory=dict)

    @property
    def weights_size(self) -> int:
        """Bytes of the struct of constants, laid out as C does: with gaps before aligned members
        and, at the end, up to the largest alignment."""
        end, largest = 0, 1
        for constant in self.constants:
            alignment = max(constant.alignment, constant.values.itemsize)
            largest = max(largest, alignment)
            end = -(-end // alignment) * alignment + constant.nbytes
        return -(-end // largest) * largest

    @property
    def uses_cmsis_nn(self) -> bool:
        """Whether CMSIS-NN is needed to build it."""
        return any(call.backend == "cmsis_nn" for call in self.calls)

    @property
    def library_sources(self) -> tuple[str, ...]:
        """C files of CMSIS-NN that are compiled with it, as paths in CMSIS-NN's directory."""
        return tuple(sorted({name for call in self.calls for name in call.library_sources}))

    def write(self, directory: str | Path, *, force: bool = False) -> None:
        """Writes the firmware project to `directory`; see microlith.firmware."""
        from microlith.firmware import write_project

        write_project(self, Path(directory), force=force)

    def simulate(
        self, inputs: Mapping[str, Array] | None = None, *, keep: str | Path | None = None
    ) -> SimulationResult:
        """Builds and runs the program on its target; arrays have a leading axis of samples.

        Without `inputs`, one seeded random sample. The directory `keep` keeps the sources, the
        firmware and a script that runs it again. Raises InputError for samples that do not fit,
        ToolError when a tool is missing.
        """
        from microlith.execute import simulate

        return simulate(self, inputs, keep=None if keep is None else Path(keep))

    def verify(
        self, *, samples: int = 8, seed: int = 0, inputs: Mapping[str, Array] | None = None
    ) -> Verification:
        """Runs the program and compares every op with the reference."""
        from microlith.execute import verify

        return verify(self, samples=samples, seed=seed, inputs=inputs)
