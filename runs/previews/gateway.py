"""The worker's part of previews: it holds the sandboxes, so it carries the bytes to them.

The front asks by one signed line (`links.door_make`); the answer is one word, `open`, or why not:
`refused` nothing listens on the port, `gone` the sandbox is no longer there, `elsewhere` another
worker has it, `full`. After `open` the connection is the service's.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Collection
from functools import partial
from weakref import WeakValueDictionary

import structlog
from django.db import DatabaseError

from runs.engine.workspace import NAME_LABEL, RUN_LABEL
from runs.journal.reader import Reader
from runs.journal.writer import Writer
from runs.previews import links, table
from sandbox.api import Driver, Sandbox
from sandbox.errors import SandboxError, SandboxLost, TunnelRefused
from sandbox.splice import Carried, Pace, splice

log = structlog.get_logger(__name__)
TEND_S = 3.0
ASK_S = 5.0
IDLE_S = 900.0
RATE = 32 << 20
"""Bytes a second, in all previews of this worker: its event loop has runs to drive too."""
MOST = 256
"""Connections at once, in all previews of this worker."""
Driven = Callable[[], Collection[str]]


class Gateway:
    """Lets the front into the sandboxes of one worker. Lives on the worker's event loop.

    `driven` tells which runs are driven here now. `address` is where the front finds it, "" while
    it does not listen.
    """

    def __init__(
        self,
        driver: Driver,
        read: Reader,
        writer: Writer,
        driven: Driven,
        *,
        orphan_s: float = table.ORPHAN_S,
    ) -> None:
        self._driver = driver
        self._orphan_s = orphan_s
        self._kept: WeakValueDictionary[str, Sandbox] = WeakValueDictionary()
        self._read = read
        self._writer = writer
        self._driven = driven
        self._known: dict[tuple[str, str], str] = {}
        self._server: asyncio.Server | None = None
        self._open = 0
        self._pace = Pace(RATE)
        self.address = ""

    async def start(self, listen: str) -> None:
        """Listen on a free port of `listen`, a loopback address or `0.0.0.0`."""
        try:
            self._server = await asyncio.start_server(self._serve, listen, 0)
        except OSError as problem:
            log.warning("previews_unavailable", listen=listen, reason=str(problem))
            return
        host = socket.gethostname() if listen in ("0.0.0.0", "::") else listen  # noqa: S104
        self.address = f"{host}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def tend(self) -> None:
        """Keep the table true, for ever: what is held here, and what nobody holds any more."""
        while True:
            with contextlib.suppress(DatabaseError, SandboxError):
                await self.tend_once()
            await asyncio.sleep(TEND_S)

    async def tend_once(self) -> None:
        if not self.address or not await self._read(table.any_open):
            return
        await self._writer.call(partial(table.keep_up, self.address, tuple(self._driven())))
        for run in await self._read(table.unheld):
            if await self._driver.list({RUN_LABEL: run}):
                await self._writer.call(partial(table.claim, run, self.address))
        for run in await self._read(partial(table.kept_by, self.address)):
            for info in await self._driver.list({RUN_LABEL: run}):
                await self._keep(info.id)

    async def _keep(self, sandbox_id: str) -> None:
        """Stay connected to the sandbox of a run that has ended, which ends soon without us."""
        with contextlib.suppress(SandboxError):
            sandbox = await self._driver.connect(sandbox_id)
            if self._kept.get(sandbox_id) is not sandbox:
                await sandbox.set_ttl(self._orphan_s)
                self._kept[sandbox_id] = sandbox

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            await self._admit(reader, writer)
        except (ConnectionError, TimeoutError, ValueError):
            pass  # whoever asked has gone, or does not know how to ask
        finally:
            self._open -= 1
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(ASK_S):
            asked = links.door_read(await reader.readline())
        if asked is None:
            return
        try:
            if self._open > MOST:
                raise _Full
            inside = await self._dial(*asked)
        except (SandboxError, DatabaseError, _Full) as problem:
            writer.write(_word(problem) + b"\n")
            await writer.drain()
            return
        writer.write(b"open\n")
        await splice((reader, writer), inside, Carried(), idle_s=IDLE_S, pace=self._pace)

    async def _dial(
        self, run: str, workspace: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a service in a sandbox that belongs to this worker, and to no other one:
        whoever connects takes it over."""
        may = partial(table.may_reach, run, self.address)
        if run not in self._driven() and not await self._read(may):
            raise _Elsewhere
        return await (await self._sandbox(run, workspace)).open_tunnel(port)

    async def _sandbox(self, run: str, workspace: str) -> Sandbox:
        known = self._known.pop((run, workspace), "")
        if known:
            with contextlib.suppress(SandboxLost):
                sandbox = await self._driver.connect(known)
                self._known[run, workspace] = known
                return sandbox
        for info in await self._driver.list({RUN_LABEL: run, NAME_LABEL: workspace}):
            if info.state == "running":
                sandbox = await self._driver.connect(info.id)
                self._known[run, workspace] = info.id
                return sandbox
        raise SandboxLost


class _Full(Exception):
    pass


class _Elsewhere(SandboxError):
    pass


def _word(problem: Exception) -> bytes:
    if isinstance(problem, TunnelRefused):
        return b"refused"
    if isinstance(problem, SandboxLost):
        return b"gone"
    return b"full" if isinstance(problem, _Full) else b"elsewhere"
