# SPDX-License-Identifier: Apache-2.0
"""The host's side of the line to a board: see micro_runtime/port/serial/link.h for the frames."""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from microlith.errors import ToolError

SYNC = b"\xc5M"
PAYLOAD = 512
PATIENCE = 1.0
"""Seconds of silence after which the board is asked to repeat its last frame."""

ANSWER_LIMIT = 10.0
"""Seconds within which a board must answer at all."""

_HEADER = struct.Struct("<BBH")
_NUMBER = struct.Struct("<i")
_NO_FILE = _NUMBER.pack(-1)


class Line(Protocol):
    """A serial port, as pyserial has it: `read` waits for `size` bytes, or for the port's time
    limit and returns fewer; `in_waiting` bytes are there already."""

    @property
    def in_waiting(self) -> int: ...
    def read(self, size: int = 1) -> bytes: ...
    def write(self, data: bytes, /) -> int | None: ...


def read_some(line: Line) -> bytes:
    """What has come, or comes within the port's time limit."""
    return line.read(max(1, line.in_waiting))


@dataclass(frozen=True)
class Frame:
    """`kind` is a letter of link.h."""

    kind: str
    sequence: int
    payload: bytes


def encode(kind: str, sequence: int, payload: bytes) -> bytes:
    """A frame's bytes."""
    body = _HEADER.pack(ord(kind), sequence, len(payload)) + payload
    return SYNC + body + struct.pack("<I", zlib.crc32(body))


@dataclass
class Decoder:
    """Takes frames out of a stream of bytes, past noise and damaged frames, which it counts."""

    buffer: bytearray = field(default_factory=bytearray)
    noise: int = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with `data`."""
        self.buffer += data
        frames: list[Frame] = []
        while (start := self.buffer.find(SYNC)) >= 0:
            self._drop(start)
            if len(self.buffer) < 6:
                return frames
            kind, sequence, length = _HEADER.unpack_from(self.buffer, 2)
            end = 6 + length + 4
            if length > PAYLOAD:
                self._drop(2)
                continue
            if len(self.buffer) < end:
                return frames
            body = bytes(self.buffer[2 : end - 4])
            if struct.unpack_from("<I", self.buffer, end - 4)[0] != zlib.crc32(body):
                self._drop(2)
                continue
            frames.append(Frame(chr(kind), sequence, body[4:]))
            del self.buffer[:end]
        self._drop(len(self.buffer) - self.buffer.endswith(SYNC[:1]))
        return frames

    def _drop(self, count: int) -> None:
        self.noise += count
        del self.buffer[:count]


@dataclass
class Session:
    """One run of the harness on a board: its files are those in `directory`.

    `identity` is what the firmware must call itself, `mode` the harness's mode; `time_limit` is
    the longest silence, in seconds, once the board has answered: an inference is silent.
    """

    line: Line
    directory: Path
    identity: str
    mode: str
    time_limit: float
    printed: str = ""
    _files: dict[int, BinaryIO] = field(default_factory=dict)
    _last: tuple[int, bytes] | None = None
    _greeted: bool = False

    def run(self) -> int:
        """Serves the board until the harness ends and returns its exit code.

        Raises ToolError when nothing answers, something else does, another firmware does, or the
        board falls silent.
        """
        try:
            return self._serve()
        finally:
            for file in self._files.values():
                file.close()

    def _serve(self) -> int:
        decoder = Decoder()
        heard = asked = time.monotonic()
        self.line.write(encode("N", 0, b""))
        while True:
            frames = decoder.feed(read_some(self.line))
            now = time.monotonic()
            for frame in frames:
                heard = asked = now
                code = self._take(frame)
                if code is not None:
                    return code
            if now - heard > (self.time_limit if self._greeted else ANSWER_LIMIT):
                raise self._silence(decoder)
            if now - asked > PATIENCE:
                self.line.write(encode("N", 0, b""))
                asked = now

    def _silence(self, decoder: Decoder) -> ToolError:
        if self._greeted:
            said = f"; it printed: {self.printed.strip()}" if self.printed.strip() else ""
            return ToolError(
                f"the board fell silent for {self.time_limit:.0f} s{said}",
                fix="reset it and try again, or raise the time limit for a slow model",
            )
        if decoder.noise:
            return ToolError(
                f"{decoder.noise} bytes came, but nothing that microlith's test firmware says",
                fix="check the baud rate, and flash the test firmware (--upload)",
            )
        return ToolError(
            f"nothing answered within {ANSWER_LIMIT:.0f} s",
            fix="check the port and the cable, and flash the test firmware (--upload)",
        )

    def _take(self, frame: Frame) -> int | None:
        """Answers a frame; the exit code when it ends the run."""
        if self._last is not None and frame.sequence == self._last[0]:
            self.line.write(self._last[1])  # the answer was lost
            return None
        if not self._greeted and frame.kind != "H":
            # The rest of a run that was given up: let it end, by failing all that it asks for.
            self._answer(frame, _NO_FILE if frame.kind in "OWC" else b"")
            return None
        self._answer(frame, self._reply(frame))
        return _NUMBER.unpack(frame.payload)[0] if frame.kind == "X" else None

    def _answer(self, frame: Frame, payload: bytes) -> None:
        self._last = (frame.sequence, encode("A", frame.sequence, payload))
        self.line.write(self._last[1])

    def _reply(self, frame: Frame) -> bytes:
        match frame.kind:
            case "H":
                return self._greet(frame.payload.decode("utf-8", "replace"))
            case "P":
                self.printed += frame.payload.decode("utf-8", "replace")
                return b""
            case "O":
                return self._open(frame.payload)
            case "R":
                handle, size = struct.unpack("<iI", frame.payload)
                return self._files[handle].read(min(size, PAYLOAD))
            case "W":
                (handle,) = _NUMBER.unpack_from(frame.payload)
                return _NUMBER.pack(self._files[handle].write(frame.payload[4:]))
            case "C":
                self._files.pop(_NUMBER.unpack(frame.payload)[0]).close()
                return _NUMBER.pack(0)
        return b""

    def _greet(self, identity: str) -> bytes:
        if identity != self.identity:
            raise ToolError(
                f"the board runs {identity!r}, not {self.identity!r}",
                fix="flash the test firmware of this model and board (--upload)",
            )
        self._greeted = True
        return self.mode.encode()

    def _open(self, payload: bytes) -> bytes:
        """Opens a file of the run's directory: of a path, only the name counts."""
        path = self.directory / Path(payload[1:].decode("utf-8", "replace")).name
        try:
            file: BinaryIO = path.open("rb" if payload[:1] == b"r" else "wb")
        except OSError:
            return _NO_FILE
        handle = max(self._files, default=0) + 1
        self._files[handle] = file
        return _NUMBER.pack(handle)
