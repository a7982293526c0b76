"""The two ways to a server: streamable HTTP, and standard input and output in a sandbox.

A server never runs on this machine itself. Imports the SDK, as `client` does.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address
from typing import Any, Final

import anyio
import httpcore2
import httpx2
import mcp_types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from django.conf import settings
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from resources.answers import bounded
from resources.errors import ServerFailed
from resources.network import CONNECT_S, CheckedConnections, trusted
from sandbox.addresses import Address, is_public
from sandbox.api import Process, Sandbox
from sandbox.errors import SandboxError

MAX_BYTES: Final = 8 << 20
MAX_LINE: Final = 4 << 20
READ_S: Final = 180.0
# A cloud's metadata service, at addresses that are not link-local.
_METADATA: Final = {
    ip_address(text) for text in ("168.63.129.16", "100.100.100.200", "fd00:ec2::254")
}
Streams = tuple[MemoryObjectReceiveStream[Any], MemoryObjectSendStream[SessionMessage]]


def may_serve(address: Address) -> bool:
    """Say whether a team's own server may be at an address: on the network of the installation
    where its owner allows that, but never a metadata service."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if is_public(address):
        return True
    closed = address.is_link_local or address.is_multicast or address.is_unspecified
    inside = address.is_private or address.is_loopback
    return settings.PRIVATE_SERVERS and inside and not closed and address not in _METADATA


@asynccontextmanager
async def over_http(url: str, headers: Mapping[str, str]) -> AsyncIterator[Any]:
    """Speak with a server by streamable HTTP; its secrets go to this address alone."""
    timeout = httpx2.Timeout(CONNECT_S * 2, read=READ_S)
    async with (
        httpx2.AsyncClient(
            headers={"Accept-Encoding": "identity", **headers},
            timeout=timeout,
            transport=_Checked(),
            event_hooks={"response": [bounded(MAX_BYTES, _too_large)]},
        ) as client,
        streamable_http_client(url, http_client=client) as streams,
    ):
        yield streams


class _Checked(httpx2.AsyncHTTPTransport):
    """Connects only to addresses at which a server may be."""

    def __init__(self) -> None:
        super().__init__(verify=trusted(), trust_env=False)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trusted(),
            network_backend=CheckedConnections(permit=may_serve),
        )


def _too_large() -> ServerFailed:
    return ServerFailed(f"The server's answer is larger than {MAX_BYTES >> 20} MiB.")


@asynccontextmanager
async def in_sandbox(
    sandbox: Sandbox, command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[Streams]:
    """Start a server in a sandbox and speak with it line by line; it ends with the connection."""
    process = await sandbox.start(list(command), env=dict(environment))
    to_us, read = anyio.create_memory_object_stream[Any](0)
    write, to_it = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_listen, process, to_us)
            tasks.start_soon(_speak, process, to_it)
            try:
                yield read, write
            finally:
                tasks.cancel_scope.cancel()
    finally:
        for stream in (to_us, read, write, to_it):
            stream.close()
        with anyio.CancelScope(shield=True), anyio.move_on_after(5):
            await _end(process)


async def _listen(process: Process, to_us: MemoryObjectSendStream[Any]) -> None:
    async with to_us:
        place, line = 0, bytearray()
        while True:
            # Asked before the output is: what it said last is read below.
            ended = await process.poll()
            output = await process.output(after=place, wait_s=0 if ended else 5)
            if output.lost:
                raise ServerFailed("The server said more at once than can be taken.")
            place = output.next_offset
            *whole, rest = bytes(line + output.data).split(b"\n")
            line = bytearray(rest)
            if len(line) > MAX_LINE:
                raise ServerFailed(f"The server's answer is larger than {MAX_LINE >> 20} MiB.")
            for said in whole:
                if said.strip():
                    await to_us.send(_message(said))
            if ended and not output.data:
                raise ServerFailed(await _last_words(process))


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return ServerFailed(f"The server said what is no message: {line[:200]!r}")


async def _last_words(process: Process) -> str:
    stderr = (await process.output("stderr")).data.decode(errors="replace").strip()
    return f"The server ended. {stderr[-1_000:]}".strip()


async def _speak(process: Process, to_it: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with to_it:
        async for message in to_it:
            said = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.write_stdin(f"{said}\n".encode())


async def _end(process: Process) -> None:
    try:
        await process.kill()
    except SandboxError:
        return  # It is gone with its sandbox.
