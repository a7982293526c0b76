"""The name that a TLS client asks for, read from its first message (RFC 8446, 4.1.2; RFC 6066, 3).

A proxy that lets programs reach chosen hosts looks at it: one address serves many hosts, and only
this name says which one is meant.
"""

from __future__ import annotations

import struct

MOST_BYTES = 1 << 14
_HANDSHAKE, _CLIENT_HELLO, _SERVER_NAME, _HOST = 22, 1, 0, 0


class NoHello(Exception):
    """What came is not how a TLS client begins, or it names no host."""


def record_size(head: bytes) -> int:
    """Return how many bytes follow the five of a record's head. Raises NoHello."""
    kind, major, _, size = struct.unpack("!BBBH", head)
    if kind != _HANDSHAKE or major != 3 or not 4 <= size <= MOST_BYTES:
        raise NoHello
    return int(size)


def server_name(record: bytes) -> str:
    """Return the name that the hello in a record's bytes asks for. Raises NoHello."""
    try:
        return _server_name(_Bytes(record))
    except (struct.error, IndexError, UnicodeDecodeError):
        raise NoHello from None


def _server_name(data: _Bytes) -> str:
    if data.number(1) != _CLIENT_HELLO:
        raise NoHello
    hello = data.part(3)
    hello.skip(2 + 32)  # version, random
    for length in (1, 2, 1):  # session, ciphers, compressions
        hello.part(length)
    extensions = hello.part(2)
    found = []
    while extensions.left:
        kind, body = extensions.number(2), extensions.part(2)
        if kind == _SERVER_NAME:
            names = body.part(2)
            while names.left:
                of, name = names.number(1), names.part(2).rest()
                found.append(name.decode("ascii").lower() if of == _HOST else "")
    # Of several names, a server might take another one than this does.
    if len(found) != 1 or not found[0]:
        raise NoHello
    return found[0]


class _Bytes:
    """Bytes read from the front. Raises IndexError where there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def left(self) -> int:
        return len(self._data)

    def skip(self, size: int) -> bytes:
        if size > len(self._data):
            raise IndexError(size)
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.skip(size), "big")

    def part(self, size: int) -> _Bytes:
        """Take what a length of `size` bytes announces."""
        return _Bytes(self.skip(self.number(size)))

    def rest(self) -> bytes:
        return self.skip(self.left)
