"""The head of an HTTP/1.1 message: its first line and its fields, read strictly and written anew.

RFC 9112. What is written is never the bytes that were read, so nothing passes that was not
understood: no folded lines, no bare carriage returns, no spaces around names.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_BYTES = 32 << 10
MOST_FIELDS = 128
MOST_INTERIM = 16
# Of one connection, not of the message (RFC 9110, 7.6.1); Upgrade is handled by itself.
OF_CONNECTION = (
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
    *("proxy-authorization", "proxy-authenticate"),
)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REQUEST = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.([01])")
_RESPONSE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: ([\x20-\x7e\x80-\xff\t]*))?")

_LENGTH = re.compile("[0-9]{1,18}")


class BadHead(Exception):
    """What came is no HTTP/1.1 message."""


@dataclass(slots=True)
class Head:
    """Request: `method` and `target`. Response: `status` and `reason`. Names are lower-case."""

    method: str = ""
    target: str = ""
    status: int = 0
    reason: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """Return the value of a field, several joined as HTTP says, or nothing."""
        return ", ".join(value for known, value in self.fields if known == name)

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known == name]

    def drop(self, *names: str) -> None:
        self.fields = [(name, value) for name, value in self.fields if name not in names]

    def put(self, name: str, value: str) -> None:
        self.drop(name)
        self.fields.append((name, value))

    @property
    def upgrade(self) -> str:
        """The protocol that the connection is to change to, or nothing."""
        tokens = {token.strip().lower() for token in self.get("connection").split(",")}
        return self.get("upgrade") if "upgrade" in tokens else ""

    def leave_connection(self) -> None:
        """Drop what was only about the connection that it came by."""
        named = {token.strip().lower() for token in self.get("connection").split(",")}
        self.drop(*OF_CONNECTION, *(named - {"content-length", "transfer-encoding", "host"}))

    def pack(self) -> bytes:
        line = f"{self.method} {self.target} HTTP/1.1"
        if self.status:
            line = f"HTTP/1.1 {self.status} {self.reason}"
        lines = [line, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read_request(reader: asyncio.StreamReader) -> Head | None:
    """Read a request's head; None where the connection was closed before one.

    Raises BadHead, also for framing that two servers could understand differently.
    """
    data = await _read(reader)
    if data is None:
        return None
    line, fields = _split(data)
    match = _REQUEST.fullmatch(line)
    if match is None:
        raise BadHead("This is no HTTP/1.1 request.")
    head = Head(match[1].decode(), match[2].decode(), fields=fields)
    if len(head.all("host")) > 1 or (match[3] == b"1" and not head.all("host")):
        raise BadHead("A request names its host once.")
    _check_framing(head)
    return head


async def read_answer(reader: asyncio.StreamReader, asker: asyncio.StreamWriter) -> Head:
    """Read the head of the one answer to a request, and tell the asker to go on where that is said
    before it. Raises BadHead, also where it is said again and again."""
    for _ in range(MOST_INTERIM + 1):
        head = await read_response(reader)
        if head.status == 101 or head.status >= 200:
            return head
        if head.status == 100:
            asker.write(Head(status=100, reason="Continue").pack())
    raise BadHead("The service announces an answer again and again.")


async def read_response(reader: asyncio.StreamReader) -> Head:
    """Read a response's head. Raises BadHead, also where the connection ended before one."""
    data = await _read(reader)
    if data is None:
        raise BadHead("The service closed the connection without an answer.")
    line, fields = _split(data)
    match = _RESPONSE.fullmatch(line)
    if match is None:
        raise BadHead("The service does not speak HTTP.")
    reason = (match[2] or b"").decode("latin-1")
    head = Head(status=int(match[1]), reason=reason, fields=fields)
    _check_framing(head)
    return head


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    try:
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as problem:
        if not problem.partial:
            return None
        raise BadHead("The connection ended in the middle of a head.") from None
    except asyncio.LimitOverrunError:
        raise BadHead(f"The head is larger than {MOST_BYTES} bytes.") from None
    if len(data) > MOST_BYTES:
        raise BadHead(f"The head is larger than {MOST_BYTES} bytes.")
    return data


def _split(data: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    first, *lines = data[:-4].split(b"\r\n")
    if len(lines) > MOST_FIELDS:
        raise BadHead(f"The head has more than {MOST_FIELDS} fields.")
    return first, list(_fields(lines))


def _fields(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise BadHead("A field of the head has no proper name.")
        if any(byte < 32 and byte != 9 for byte in value) or b"\x7f" in value:
            raise BadHead(f"The field {name.decode()} has characters that it may not have.")
        yield name.decode().lower(), value.strip(b" \t").decode("latin-1")


def _check_framing(head: Head) -> None:
    lengths, codings = set(head.all("content-length")), head.all("transfer-encoding")
    wrong = len(lengths) > 1 or any(not _LENGTH.fullmatch(n) for n in lengths)
    if wrong or (lengths and codings) or (codings and codings != ["chunked"]):
        raise BadHead("It is not clear where the body ends.")
    if lengths:
        head.put("content-length", lengths.pop())
