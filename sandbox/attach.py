"""The raw stream to a container's standard input and output, driven by asyncio.

Docker's remote API, "attach to a container": the HTTP connection becomes a plain byte stream; what
comes back is cut into pieces with an 8-byte header (stream 1 or 2, three zeros, length).
"""

from __future__ import annotations

import asyncio
import os
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from sandbox.errors import SandboxLost, SandboxUnavailable

_PIECE = struct.Struct("!BxxxI")
DEFAULT_HOST = "unix:///var/run/docker.sock"


class Attached:
    """One attached stream. `write` and `pieces` may be used by different tasks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def write(self, data: bytes) -> None:
        """Send to the container's standard input. Raises SandboxLost once it is gone."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except (ConnectionError, RuntimeError) as problem:
            raise SandboxLost from problem

    async def pieces(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the container writes, as (1 for stdout or 2 for stderr, bytes), until it ends."""
        try:
            while True:
                stream, size = _PIECE.unpack(await self._reader.readexactly(_PIECE.size))
                yield stream, await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def close(self) -> None:
        self._writer.close()


async def attach(container_id: str) -> Attached:
    """Attach to a container. Raises SandboxUnavailable or SandboxLost."""
    reader, writer = await _connect(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
    path = f"/containers/{container_id}/attach?stream=1&stdin=1&stdout=1&stderr=1"
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        "Content-Length: 0\r\n\r\n".encode()
    )
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError) as problem:
        writer.close()
        raise SandboxLost from problem
    status = head.split(b" ", 2)[1]
    if status not in (b"101", b"200"):
        writer.close()
        raise SandboxLost(f"Docker refused to attach to the sandbox (status {status.decode()}).")
    return Attached(reader, writer)


async def _connect(host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address = urlsplit(host)
    try:
        if address.scheme == "unix":
            return await asyncio.open_unix_connection(address.path, limit=1 << 20)
        if address.scheme in ("tcp", "http", "https"):
            return await asyncio.open_connection(
                address.hostname, address.port or 2375, ssl=_tls(), limit=1 << 20
            )
    except OSError as problem:
        raise SandboxUnavailable from problem
    raise SandboxUnavailable(
        f"DOCKER_HOST uses {address.scheme}, which sandboxes cannot. Set a unix:// or tcp:// one."
    )


def _tls() -> ssl.SSLContext | None:
    if not os.environ.get("DOCKER_TLS_VERIFY"):
        return None
    folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
