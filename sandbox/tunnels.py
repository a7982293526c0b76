"""A connection to a port inside a sandbox, as an ordinary asyncio reader and writer.

The caller holds one end of a socket pair; the other end is pumped to and from the agent, with no
more than `WINDOW` bytes under way in either direction.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from sandbox.agent.frames import CHUNK
from sandbox.agent.tunnel import WINDOW
from sandbox.channel import Channel, Head
from sandbox.errors import SandboxLost, SpecRefused, TunnelRefused
from sandbox.http_head import MOST_BYTES as HEAD_BYTES
from sandbox.splice import Pair

_EVENTS = ("tunnel", "tunnel_eof", "tunnel_used", "tunnel_closed", "lost")
_CONNECT_S = 10.0
_FLUSH_S = 30.0
_OWED_S = 60.0
"""How long a service may be silent that has everything it will get, or takes no more."""
_pumps: set[asyncio.Task[None]] = set()


async def open_tunnel(
    channel: Channel, port: int, *, owed_s: float = _OWED_S
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to 127.0.0.1:`port` (or ::1) inside. Raises TunnelRefused and SandboxLost.

    A connection that its opener has closed ends, whatever the service does, after at most twice
    `owed_s` seconds of silence.
    """
    if not 0 < port < 65536:
        raise SpecRefused(f"There is no port {port}: choose one from 1 to 65535.")
    pump = _Pump(channel, owed_s)
    try:
        async with asyncio.timeout(_CONNECT_S):
            reply = await channel.request({"op": "dial", "port": port}, more=pump.numbered)
    except TimeoutError:
        pump.forget()
        raise TunnelRefused(f"Port {port} in the sandbox does not accept connections.") from None
    if "error" in reply.head:
        pump.forget()
        raise TunnelRefused(f"Nothing listens on port {port} in the sandbox. Start it first.")
    ours, theirs = socket.socketpair()
    task = asyncio.create_task(pump.run(*await asyncio.open_connection(sock=ours)))
    _pumps.add(task)
    task.add_done_callback(_pumps.discard)
    return await asyncio.open_connection(sock=theirs)


def serve_arrivals(channel: Channel, serve: Callable[[Pair], Awaitable[None]]) -> None:
    """Have `serve` answer each connection that a program inside opens to the agent's door."""

    async def answer(pump: _Pump) -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=theirs, limit=HEAD_BYTES)
        pumping = asyncio.create_task(pump.run(*await asyncio.open_connection(sock=ours)))
        try:
            await serve((reader, writer))
        finally:
            writer.close()
            # The program may take its time to read the rest, but not for ever.
            await asyncio.wait((pumping,), timeout=_FLUSH_S)
            pumping.cancel()

    def arrived(head: Head, _: bytes) -> None:
        if head["ev"] == "lost":
            return
        pump = _Pump(channel)
        pump.numbered(int(head["tunnel"]))
        task = asyncio.create_task(answer(pump))
        _pumps.add(task)
        task.add_done_callback(_pumps.discard)

    channel.listen("arrived", 0, arrived)


class _Pump:
    def __init__(self, channel: Channel, owed_s: float = _OWED_S) -> None:
        self._channel = channel
        self._owed_s = owed_s
        self._heard = 0
        self._number = 0
        self._arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._credit = WINDOW
        self._room = asyncio.Event()
        self._lost = False

    def numbered(self, number: int) -> tuple[()]:
        """Learn the number under which the agent will speak of this tunnel."""
        self._number = number
        for event in _EVENTS:
            self._channel.listen(event, number, self._event)
        return ()

    def forget(self) -> None:
        for event in _EVENTS:
            self._channel.listen(event, self._number, None)

    def _event(self, head: Head, data: bytes) -> None:
        self._heard += 1
        if head["ev"] == "tunnel":
            self._arrived.put_nowait(data)
        elif head["ev"] == "tunnel_used":
            self._credit += int(head["bytes"])
            self._room.set()
        else:
            self._lost = self._lost or head["ev"] != "tunnel_eof"
            self._arrived.put_nowait(None)
            self._room.set()

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up = asyncio.create_task(self._up(reader))
        down = asyncio.create_task(self._down(writer))
        both = asyncio.gather(up, down)
        silence = asyncio.create_task(self._silence(up))
        try:
            await asyncio.wait((both, silence), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down, silence):
                task.cancel()
            await asyncio.gather(up, down, both, silence, return_exceptions=True)
            self.forget()
            with contextlib.suppress(SandboxLost):
                await self._channel.send({"op": "hang_up", "re": self._number})
            writer.close()

    async def _silence(self, up: asyncio.Task[None]) -> None:
        """Wait until a service that owes a sign has given none: whoever was here may be gone."""
        while True:
            heard, owes = self._heard, up.done() or self._credit <= 0
            await asyncio.sleep(self._owed_s)
            if owes and self._heard == heard:
                return

    async def _up(self, reader: asyncio.StreamReader) -> None:
        while not self._lost:
            if self._credit <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            data = await reader.read(min(self._credit, CHUNK))
            self._credit -= len(data)
            head = {"op": "tunnel", "re": self._number, "eof": not data}
            await self._channel.send(head, data)
            if not data:
                return

    async def _down(self, writer: asyncio.StreamWriter) -> None:
        while (data := await self._arrived.get()) is not None:
            writer.write(data)
            await writer.drain()
            await self._channel.send({"op": "tunnel", "re": self._number, "used": len(data)})
        if self._lost:
            writer.close()
            raise SandboxLost
        writer.write_eof()
