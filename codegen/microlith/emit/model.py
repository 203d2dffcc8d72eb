# SPDX-License-Identifier: Apache-2.0
"""Program → the C sources of a model: NAME.h, NAME.c, NAME_weights.h and NAME_weights.c."""

from __future__ import annotations

from typing import Any

import numpy as np

from microlith import resources
from microlith.emit.initializer import parameters
from microlith.emit.literals import float32, rows
from microlith.emit.templates import render
from microlith.ir.graph import DType
from microlith.ir.program import Buffer, Call, Constant, Port, Program
from microlith.targets.target import Target
from microlith.version import __version__

ICON = 8
"""Pixels of a side that the smallest picture has."""

_QUANTIZED = (DType.INT8, DType.UINT8, DType.INT16)


def model_sources(program: Program, target: Target) -> dict[str, str]:
    """Text of the model's files by file name."""
    view = _view(program, target)
    return {
        f"{program.name}.h": render("model/model.h.j2", m=view),
        f"{program.name}.c": render("model/model.c.j2", m=view),
        f"{program.name}_layout.h": render("model/layout.h.j2", m=view),
        f"{program.name}_weights.h": render("model/weights.h.j2", m=view),
        f"{program.name}_weights.c": render("model/weights.c.j2", m=view),
    }


def headers(program: Program) -> list[str]:
    """Headers in micro_runtime/include/ that NAME.h includes."""
    real = any(_is_quantized(port) for port in program.inputs)
    images = any(_is_real(port) and _image(port.shape) for port in program.inputs)
    found = ["microlith.h"]
    found += ["microlith_bitmap.h"] * images + ["microlith_real.h"] * real
    return found


def kernel_headers(program: Program) -> list[str]:
    """Headers of the kernels that the program calls, as generated code includes them."""
    return sorted({f"kernels/{call.backend}/{call.source}.h" for call in program.calls})


def _view(program: Program, target: Target) -> dict[str, Any]:
    inputs = [_port(program, port, i, "input") for i, port in enumerate(program.inputs)]
    outputs = [_port(program, port, i, "output") for i, port in enumerate(program.outputs)]
    labels = [f"AT_{buffer.name.upper()}" for buffer in program.buffers]
    variables = [b for b in program.buffers if b.role == "variable"]
    first = min((b.offset for b in variables), default=0)
    return {
        "name": program.name,
        "macro": program.name.upper(),
        "guard": f"{program.name.upper()}_H",
        "origin": f"{program.model_name}.tflite, sha256 {program.model_sha256[:16]}",
        "tool_version": __version__,
        "target": program.target,
        "pointer_size": target.pointer_size,
        "needs_math": any(not np.isfinite(c.values).all() for c in program.constants),
        "needs_pointers": any(b.is_scratch for b in program.buffers),
        "arena_size": max(program.memory.arena, 1),
        "keep_inputs": program.keep_inputs,
        "inputs": inputs,
        "outputs": outputs,
        "ports": inputs + outputs,
        "headers": headers(program),
        "input_offsets": [labels[port.buffer] for port in program.inputs],
        "output_offsets": [labels[port.buffer] for port in program.outputs],
        "constants": [_constant(constant) for constant in program.constants],
        "kernel_headers": kernel_headers(program),
        "layout_checks": _layout_checks(program),
        "buffers": [
            _buffer(b, label, program)
            for b, label in zip(program.buffers, labels, strict=True)
            if not b.listed
        ],
        "calls": [_call(program, call, labels) for call in program.calls],
        "steps": [
            {
                "call": step.call,
                "first": step.first,
                "count": step.count,
                "name": program.calls[step.call].name,
            }
            for step in program.steps
        ],
        "variables_offset": first,
        "variables_size": max((b.end for b in variables), default=first) - first,
    }


def _port(program: Program, port: Port, index: int, role: str) -> dict[str, Any]:
    quantization = port.quantization
    affine = quantization is not None and not quantization.per_channel
    quantized = _is_quantized(port)
    limits = np.iinfo(port.dtype.numpy) if port.dtype in _QUANTIZED else None
    shape = ", ".join(str(extent) for extent in port.shape)
    return {
        "macro": f"{program.name.upper()}_{role.upper()}_{index}",
        "index": index,
        "is_input": role == "input",
        "about": f"{role.capitalize()} {index}, {_quoted(port.name)}: "
        f"{port.dtype.value}[{shape.replace(' ', '')}]"
        + (", real = scale * (value - zero_point)" if quantized else ""),
        "elements": port.nbytes // port.dtype.size,
        "bytes": port.nbytes,
        "rank": len(port.shape),
        "shape": "{" + shape + "}",
        "c_type": port.dtype.c_type,
        "scale": float32(quantization.scale) if quantization and quantized else "",
        "zero_point": quantization.zero_point if quantization and affine else 0,
        "is_real": _is_real(port),
        "image": _image(port.shape) if _is_real(port) else None,
        "lowest": int(limits.min) if limits else 0,
        "highest": int(limits.max) if limits else 0,
    }


def _is_quantized(port: Port) -> bool:
    """Whether each element stands for a real number by one scale and zero point."""
    quantization = port.quantization
    return port.dtype in _QUANTIZED and quantization is not None and not quantization.per_channel


def _is_real(port: Port) -> bool:
    return port.dtype is DType.FLOAT32 or _is_quantized(port)


def _image(shape: tuple[int, ...]) -> dict[str, int] | None:
    """Height, width and channels when a tensor of that shape is a picture: of grey levels or of
    three colours, and no smaller than an icon."""
    match shape:
        case (1, height, width, (1 | 3) as channels) if min(height, width) >= ICON:
            return {"height": height, "width": width, "channels": channels}
        case _:
            return None


def _constant(constant: Constant) -> dict[str, Any]:
    return {
        "name": constant.name,
        "c_type": DType(constant.values.dtype.name).c_type,
        "length": len(constant.values),
        "alignment": constant.alignment if constant.alignment > constant.values.itemsize else 0,
        "comment": _quoted(constant.comment),
        "values": rows(constant.values, " " * 8),
    }


def _buffer(buffer: Buffer, label: str, program: Program) -> dict[str, Any]:
    last = min(buffer.last, len(program.steps) - 1)
    span = f"steps {max(buffer.first, 0)} to {last}"
    about = ", ".join([f"{buffer.size} bytes", buffer.role, span])
    if buffer.also:
        about += f"; then {', '.join(buffer.also)} in place"
    return {"label": label, "offset": buffer.offset, "about": about}


def _call(program: Program, call: Call, labels: list[str]) -> dict[str, Any]:
    return {
        "comment": _quoted(call.comment),
        "name": call.name,
        "params_type": call.params_type,
        "params": parameters(
            call.params,
            call.params_type,
            resources.path("micro_runtime", "kernels", call.backend, f"{call.source}.h"),
            lambda buffer: labels[buffer],
        ),
        "function": call.function,
        "op": call.op,
        "outputs": [
            {
                "offset": f"CONSTANT({out.table})" if out.table else labels[out.buffer],
                "pitch": out.pitch,
                "capacity": out.capacity,
                "lead_rows": out.lead,
            }
            for out in call.outputs
        ],
    }


def _layout_checks(program: Program) -> list[dict[str, Any]]:
    from microlith.kernels.layout import struct_fields

    structs = {(call.params_type, call.backend, call.source) for call in program.calls}
    return [
        {"struct": struct, "field": field.name, "offset": field.offset}
        for struct, backend, source in sorted(structs)
        for field in struct_fields(
            resources.path("micro_runtime", "kernels", backend, f"{source}.h"), struct
        )
    ]


def _quoted(text: str) -> str:
    """`text` from a model inside a C comment: one line of ASCII that cannot end the comment."""
    plain = "".join(c if " " <= c <= "~" else "?" for c in text)
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("\\", "/")
