"""The HTTP proxy by which programs of a sandbox reach chosen hosts, and nothing else.

It runs on the controller's side: the container has no network at all. `CONNECT name:443` carries
TLS, whose first message must ask for that same name; `GET http://name/…` is passed on to port 80.
Names are resolved here, once, and the connection goes to an address that was looked at, so that no
private, loopback or metadata address is reached, whatever a name leads to later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox import tls_hello
from sandbox.addresses import (
    AddressRefused,
    Permit,
    Resolve,
    addresses_of,
    host_name,
    is_public,
    resolve,
)
from sandbox.api import Connection
from sandbox.http_head import MOST_BYTES, BadHead, Head, read_answer, read_request
from sandbox.splice import PIECE, Carried, Pair, TooMuch, splice

HEAD_S = 10.0
CONNECT_S = 10.0
IDLE_S = 60.0
MOST_S = 600.0
MOST_CARRIED = 1 << 30
MOST_TOLD = 200
MOST_TRIED = 3
Connect = Callable[[str, int], Awaitable[Pair]]


async def _connect(address: str, port: int) -> Pair:
    return await asyncio.open_connection(address, port, limit=MOST_BYTES)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The network beyond the proxy: how names become addresses, which of those may be reached, and
    how. Tests bring one of their own."""

    resolve: Resolve = resolve
    permit: Permit = is_public
    connect: Connect = _connect


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class _Visit:
    """One connection: whom it asked for, and what came of it."""

    host: str
    port: int
    carried: Carried
    refused: str = ""


class Proxy:
    """Serves the connections of one sandbox. `allow`: names of hosts, `*.name` for all below."""

    def __init__(self, allow: Sequence[str], outside: Outside) -> None:
        self._allow = tuple(host.lower().rstrip(".") for host in allow)
        self._outside = outside
        self._visits: list[_Visit] = []

    def take(self) -> tuple[Connection, ...]:
        """Return the connections since the last call; of very many, the first."""
        visits, self._visits = self._visits, []
        return tuple(
            Connection(
                host=visit.host,
                port=visit.port,
                sent=visit.carried.up,
                received=visit.carried.down,
                refused=visit.refused,
            )
            for visit in visits
        )

    async def serve(self, program: Pair) -> None:
        """Answer one connection of a program, to its end."""
        visit = _Visit("", 0, Carried())
        try:
            async with asyncio.timeout(MOST_S):
                await self._serve(program, visit)
        except (BadHead, tls_hello.NoHello) as problem:
            self._refuse(program, visit, _Refused(400, str(problem) or _NO_TLS))
        except _Refused as refused:
            self._refuse(program, visit, refused)
        except (TimeoutError, ConnectionError, TooMuch, asyncio.IncompleteReadError):
            pass  # the program sees its connection end
        finally:
            program[1].close()

    async def _serve(self, program: Pair, visit: _Visit) -> None:
        async with asyncio.timeout(HEAD_S):
            head = await read_request(program[0])
        if head is None:
            return
        self._note(visit)
        if head.method == "CONNECT":
            await self._tunnel(head, program, visit)
        else:
            await self._pass(head, program, visit)

    def _note(self, visit: _Visit) -> None:
        known = any(one is visit for one in self._visits)
        if not known and len(self._visits) < MOST_TOLD:
            self._visits.append(visit)

    def _refuse(self, program: Pair, visit: _Visit, refused: _Refused) -> None:
        self._note(visit)
        visit.refused = str(refused)
        text = f"{refused}\n".encode()
        head = Head(status=refused.status, reason="Refused by the sandbox")
        head.fields = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(text))),
            ("connection", "close"),
        ]
        program[1].write(head.pack() + text)

    async def _tunnel(self, head: Head, program: Pair, visit: _Visit) -> None:
        """Carry TLS to a host, once its first message has asked for that host."""
        visit.host, visit.port = _authority(head.target)
        host = self._allowed(visit, 443)
        outside = await self._reach(host, 443)
        try:
            program[1].write(b"HTTP/1.1 200 Connected\r\n\r\n")
            async with asyncio.timeout(HEAD_S):
                hello = await _hello(program[0], host)
            outside[1].write(hello)
            visit.carried.up += len(hello)
            await splice(program, outside, visit.carried, idle_s=IDLE_S, most=MOST_CARRIED)
        except tls_hello.NoHello:
            visit.refused = _NO_TLS  # it is too late to say so by HTTP
        except _Refused as refused:
            visit.refused = str(refused)
        finally:
            outside[1].close()

    async def _pass(self, head: Head, program: Pair, visit: _Visit) -> None:
        """Pass one plain request on, and its answer back."""
        target, path = _absolute(head)
        visit.host, visit.port = target
        host = self._allowed(visit, 80)
        if head.get("transfer-encoding"):
            raise _Refused(411, "Say how long the body is (Content-Length).")
        outside = await self._reach(host, 80)
        try:
            head.target = path
            head.leave_connection()
            head.put("host", host)
            head.put("connection", "close")
            outside[1].write(head.pack())
            length = int(head.get("content-length") or 0)
            body = asyncio.create_task(_copy(program[0], outside[1], length, visit.carried, "up"))
            try:
                answer = await _answer(outside[0], program[1])
                await _copy(outside[0], program[1], _length(head, answer), visit.carried, "down")
            finally:
                body.cancel()
                await asyncio.gather(body, return_exceptions=True)
        finally:
            outside[1].close()

    def _allowed(self, visit: _Visit, port: int) -> str:
        """Return the host's name in its one spelling. Raises _Refused where it is not allowed."""
        try:
            host = visit.host = host_name(visit.host)
        except AddressRefused as problem:
            visit.host = visit.host[:100]
            raise _Refused(403, str(problem)) from None
        if not any(host == one or _below(host, one) for one in self._allow):
            allowed = ", ".join(self._allow)
            raise _Refused(403, f"{host} is not one of the hosts this sandbox may reach: {allowed}")
        if visit.port != port:
            raise _Refused(403, f"Port {visit.port} of {host} may not be reached, only {port}.")
        return host

    async def _reach(self, host: str, port: int) -> Pair:
        """Connect to an address of a host that was looked at. Raises _Refused."""
        try:
            async with asyncio.timeout(CONNECT_S):
                found = await addresses_of(
                    host, resolve=self._outside.resolve, permit=self._outside.permit
                )
                for address in found[:MOST_TRIED]:
                    with contextlib.suppress(OSError):
                        return await self._outside.connect(address, port)
        except AddressRefused as problem:
            raise _Refused(403, str(problem)) from None
        except TimeoutError:
            pass
        raise _Refused(502, f"{host} does not answer.")


_NO_TLS = "What is sent there must be TLS that names the host."


def _below(host: str, pattern: str) -> bool:
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def _authority(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise BadHead("CONNECT names a host and a port.")
    return host, int(port)


def _absolute(head: Head) -> tuple[tuple[str, int], str]:
    """Return host and port that a request is for, and the path there. Raises BadHead."""
    try:
        at = urlsplit(head.target)
        host, port = at.hostname or "", at.port or 80
    except ValueError:
        raise BadHead("The address of the request cannot be read.") from None
    if at.scheme != "http" or not host or "@" in at.netloc:
        raise BadHead("A proxy is asked for a whole address, like http://example.org/.")
    if head.get("host").lower().removesuffix(":80") != at.netloc.lower().removesuffix(":80"):
        raise BadHead("The request and its Host name different hosts.")
    return (host, port), (at.path or "/") + (f"?{at.query}" if at.query else "")


async def _hello(reader: asyncio.StreamReader, host: str) -> bytes:
    """Read the first message of a TLS client, which must ask for `host`."""
    start = await reader.readexactly(5)
    record = await reader.readexactly(tls_hello.record_size(start))
    named = tls_hello.server_name(record)
    if named != host:
        raise _Refused(403, f"TLS asks for {named} through a connection to {host}.")
    return start + record


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Head:
    async with asyncio.timeout(IDLE_S):
        answer = await read_answer(reader, writer)
    if answer.status == 101:
        raise BadHead("The host changed to another protocol.")
    answer.leave_connection()
    answer.put("connection", "close")
    writer.write(answer.pack())
    return answer


def _length(request: Head, answer: Head) -> int | None:
    """Return how many bytes an answer's body has; None where only its end tells."""
    if request.method == "HEAD" or answer.status in (204, 304):
        return 0
    length = answer.get("content-length")
    return int(length) if length else None


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    length: int | None,
    carried: Carried,
    way: str,
) -> None:
    left = MOST_CARRIED if length is None else min(length, MOST_CARRIED)
    while left > 0:
        async with asyncio.timeout(IDLE_S):
            data = await reader.read(min(left, PIECE))
        if not data:
            return
        left -= len(data)
        setattr(carried, way, getattr(carried, way) + len(data))
        writer.write(data)
        await writer.drain()
