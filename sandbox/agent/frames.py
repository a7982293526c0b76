"""The frames between controller and agent; both sides use this file.

    magic 4 | token 16 | body length u32 | head length u32 | head (JSON) | data | token 16

The token is drawn by the controller for each connection and told in its first frame, which goes
under `HELLO`. A reader believes a frame only with a token it expects at both ends: frames of an
earlier connection, a frame cut in half by a controller that died, and bytes that a program in the
sandbox manages to slip in are skipped, and reading goes on at the next true frame.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

MAGIC = b"\xc5\x5cf\x01"
HELLO = b"callsheet hello!"
TOKEN_BYTES = 16
MAX_BODY = 1 << 18
CHUNK = MAX_BODY - (1 << 14)
"""Most data that is put in one frame; leaves room for any head."""

_PREFIX = struct.Struct("!4s16sI")
_LENGTH = struct.Struct("!I")
LARGEST = _PREFIX.size + MAX_BODY + TOKEN_BYTES
RESYNC = bytes(LARGEST)
"""Sent before the first frame of a new connection: it completes any frame left in the middle."""


class Frame(NamedTuple):
    token: bytes
    head: dict[str, Any]
    data: bytes


def pack(token: bytes, head: dict[str, Any], data: bytes = b"") -> bytes:
    """One frame as bytes. Raises ValueError where head and data do not fit."""
    text = json.dumps(head, separators=(",", ":")).encode()
    size = _LENGTH.size + len(text) + len(data)
    if size > MAX_BODY:
        raise ValueError("frame too large")
    return b"".join((_PREFIX.pack(MAGIC, token, size), _LENGTH.pack(len(text)), text, data, token))


class Reader:
    """Cuts a byte stream into the frames whose token is expected; skips everything else."""

    def __init__(self, *tokens: bytes) -> None:
        self.tokens = set(tokens)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        self._buffer += data
        while True:
            start = self._buffer.find(MAGIC)
            if start < 0:
                del self._buffer[: -(len(MAGIC) - 1)]
                return
            if start:
                del self._buffer[:start]
            if len(self._buffer) < _PREFIX.size:
                return
            _, token, size = _PREFIX.unpack_from(self._buffer)
            if token not in self.tokens or not _LENGTH.size <= size <= MAX_BODY:
                del self._buffer[:1]
                continue
            end = _PREFIX.size + size
            if len(self._buffer) < end + TOKEN_BYTES:
                return
            frame = self._take(token, end)
            if frame is None:
                del self._buffer[:1]
                continue
            del self._buffer[: end + TOKEN_BYTES]
            yield frame

    def _take(self, token: bytes, end: int) -> Frame | None:
        if self._buffer[end : end + TOKEN_BYTES] != token:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer, _PREFIX.size)
        start = _PREFIX.size + _LENGTH.size
        try:
            head = json.loads(self._buffer[start : start + length])
        except ValueError:
            return None
        if not isinstance(head, dict):
            return None
        return Frame(token, head, bytes(self._buffer[start + length : end]))
