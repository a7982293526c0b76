"""A proxy for a browser through which everything takes long."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.engines.processes import free_port

PIECE = 1 << 16


@dataclass
class SlowLink:
    """`delay_s` is what each direction takes; `tunnels` how many websockets were opened."""

    port: int
    delay_s: float = 0.0
    tunnels: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection of the browser on, which names the server in its first line."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, address, rest = head.split(b" ", 2)
        place, _, path = address.removeprefix(b"http://").partition(b"/")
        host, _, port = place.partition(b":")
        there, out = await asyncio.open_connection(host.decode(), int(port or 80))
        if method == b"CONNECT":  # what browsers do for websockets
            self.tunnels += 1
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            version, _, headers = rest.partition(b"\r\n")
            out.write(b"%b /%b %b\r\nConnection: close\r\n%b" % (method, path, version, headers))
        try:
            await asyncio.gather(self._pass(reader, out), self._pass(there, writer))
        finally:
            await asyncio.sleep(self.delay_s)  # for what is under way
            out.transport.abort()
            writer.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                piece = await source.read(PIECE)
            except OSError:
                piece = b""
            if not piece:
                loop.call_later(self.delay_s, target.close)
                return
            # Timers of the same delay go off in the order in which they were set.
            loop.call_later(self.delay_s, target.write, piece)


@contextmanager
def slow_link() -> Iterator[SlowLink]:
    """Run the proxy, at first without any delay, until the block ends."""
    link, listens = SlowLink(free_port()), threading.Event()
    stops: list[Callable[[], object]] = []

    async def run() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(over.set))
        async with await asyncio.start_server(link.serve, "127.0.0.1", link.port):
            listens.set()
            await over.wait()

    # In a thread: Playwright has an event loop in this one.
    thread = threading.Thread(target=lambda: asyncio.run(run()), name="slow-link")
    thread.start()
    try:
        assert listens.wait(10)
        yield link
    finally:
        for stop in stops:
            stop()
        thread.join()
