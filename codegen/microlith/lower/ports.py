# SPDX-License-Identifier: Apache-2.0
"""Inputs and outputs of a program, and the names under which users address them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from microlith.errors import OptionError
from microlith.ir.graph import Graph, Signature
from microlith.ir.program import Port
from microlith.lower.names import identifier, unique

Named = Sequence[tuple[str, int]]


def port_keys(names: Sequence[str], role: str) -> list[str]:
    """Keys in .npz files: the names, but `<role>_<i>` for an empty or repeated one, and for one
    that is the key of another."""
    numbered = [f"{role}_{i}" for i in range(len(names))]
    keys = [name or number for name, number in zip(names, numbered, strict=True)]
    while repeated := {key for key, count in Counter(keys).items() if count > 1}:
        keys = [n if key in repeated else key for key, n in zip(keys, numbered, strict=True)]
    return keys


def named_ports(graph: Graph, signature: str | None) -> tuple[Named, Named]:
    """(name, tensor) of inputs and outputs: those of the main subgraph, or of a signature.

    Raises OptionError when the model has no such signature.
    """
    main = graph.main
    if signature is None:
        return (
            [(main.tensors[i].name, i) for i in main.inputs],
            [(main.tensors[i].name, i) for i in main.outputs],
        )
    chosen = _find(graph.signatures, signature)
    return chosen.inputs, chosen.outputs


def _find(signatures: Sequence[Signature], key: str) -> Signature:
    for candidate in signatures:
        if candidate.key == key:
            return candidate
    known = ", ".join(s.key for s in signatures) or "none"
    raise OptionError(
        f"the model has no signature {key!r}",
        where="--signature",
        fix=f"choose one of: {known}; or leave the option out",
    )


def make_ports(
    graph: Graph, named: Named, role: str, buffer_of: Mapping[int, int]
) -> tuple[Port, ...]:
    """Ports for (name, tensor) pairs; `buffer_of` gives each tensor's buffer."""
    keys = port_keys([name for name, _ in named], role)
    labels = unique(identifier(key, f"{role}_{i}").lower() for i, key in enumerate(keys))
    tensors = graph.main.tensors
    return tuple(
        Port(
            key=key,
            label=label,
            tensor=index,
            name=tensors[index].name,
            dtype=tensors[index].dtype,
            shape=tensors[index].shape,
            quantization=tensors[index].quantization,
            buffer=buffer_of[index],
        )
        for key, label, (_, index) in zip(keys, labels, named, strict=True)
    )
