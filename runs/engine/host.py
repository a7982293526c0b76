"""The one event loop of a worker process, on which all its runs live.

Celery's threads hand runs in and wait; heartbeats prolong the leases of all runs together; the
sweeper looks for runs that have work and no owner, so that a run whose message was lost, or whose
worker died, goes on without anybody's message.
"""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import DatabaseError

from runs.engine import lease
from runs.engine.chores import Chores
from runs.engine.drive import Drive
from runs.engine.machine import Machine
from runs.engine.workspace import INSTALLATION_LABEL, RUN_LABEL
from runs.journal import doorbell
from runs.previews import table as previews
from runs.previews.gateway import Gateway
from runs.workers import EVERY_S, worker_leave, worker_seen
from sandbox.api import SandboxInfo
from sandbox.docker_driver import DockerDriver
from sandbox.errors import SandboxError
from sandbox.pool import PooledDriver

log = structlog.get_logger(__name__)
MOST_RUNS = 256
STOP_S = 1.0
REAP_S = 20.0


class Host:
    """Drives runs on an event loop of its own, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._drives: dict[str, Drive] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._id = uuid4()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()
        self._machine = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def drive(self, run: str) -> None:
        """Drive a run until it has ended or waits. Blocks the calling thread."""
        future: Future[None] = asyncio.run_coroutine_threadsafe(self._drive(run), self._loop)
        future.result()

    def stop(self) -> None:
        """Give all runs up so that other workers take them over at once, then stop."""
        if not self._stopping:
            asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=STOP_S * 3)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _start(self) -> Machine:
        doorbell.use_loop(self._loop)
        machine = Machine(driver=PooledDriver(DockerDriver()))
        for forever in (self._beat, self._sweep, self._reap, self._show_alive):
            self._keep(asyncio.ensure_future(forever(machine)))
        self._chores = Chores()
        self._gateway = Gateway(machine.driver, machine.read, machine.writer, self._drives.keys)
        await self._gateway.start(settings.WORKER_LISTEN)
        machine.previews_at = self._gateway.address
        self._keep(asyncio.ensure_future(self._gateway.tend()))
        return machine

    async def _drive(self, run: str) -> None:
        if run in self._drives or self._stopping:
            return
        drive = self._drives[run] = Drive(self._machine, run)
        try:
            await drive.go()
        except DatabaseError as error:
            # The lease runs out by itself and the sweeper of some worker goes on.
            log.warning("run_left", run=run, reason=repr(error))
        finally:
            self._drives.pop(run, None)

    async def _beat(self, machine: Machine) -> None:
        """Prolong the leases of all runs here, and stop those that were lost or cancelled."""
        while True:
            await asyncio.sleep(lease.HEARTBEAT_S)
            tokens = {drive.token: drive for drive in self._drives.values() if drive.token}
            if not tokens:
                continue
            try:
                held = await machine.writer.call(partial(lease.renew, tuple(tokens)))
            except DatabaseError as error:
                log.warning("heartbeat_failed", error=repr(error))
                continue
            for token in tokens.keys() - held:
                tokens[token].lose()

    async def _sweep(self, machine: Machine) -> None:
        while True:
            await asyncio.sleep(lease.SWEEP_S)
            room = MOST_RUNS - len(self._drives)
            if room <= 0:
                continue
            try:
                found = await machine.read(partial(lease.drivable_ids, room))
            except DatabaseError as error:
                log.warning("sweep_failed", error=repr(error))
                continue
            for run in found:
                self._keep(asyncio.ensure_future(self._drive(run)))

    async def _reap(self, machine: Machine) -> None:
        """Remove sandboxes whose run is over, now and then; those of a living run are
        re-attached."""
        while True:
            with suppress(SandboxError, DatabaseError):
                await machine.driver.reap(partial(self._belongs, machine))
            await asyncio.sleep(REAP_S)

    async def _show_alive(self, machine: Machine) -> None:
        """Say that this worker can write: in the database for all, in its data folder for probes on
        this machine."""
        while not self._stopping:
            try:
                await machine.writer.call(partial(worker_seen, self._id))
                (settings.DATA_DIR / "worker.seen").touch()
            except (DatabaseError, OSError) as error:
                log.warning("not_seen", error=repr(error))
            await asyncio.sleep(EVERY_S)

    async def _belongs(self, machine: Machine, sandbox: SandboxInfo) -> bool:
        run = sandbox.labels.get(RUN_LABEL)
        if run is None or sandbox.labels.get(INSTALLATION_LABEL) != await machine.installation():
            return True  # Somebody else's; their own reaper sees to it.
        return await machine.read(lambda: lease.is_unfinished(run) or previews.has_open(run))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self) -> None:
        self._stopping = True
        self._chores.stop()
        drives = list(self._drives.values())
        tokens = [drive.token for drive in drives if drive.token]
        for drive in drives:
            drive.stop()
        await asyncio.sleep(0)
        if tokens:
            await self._machine.writer.call(partial(lease.hand_over, tokens))
        await self._machine.writer.call(partial(worker_leave, self._id))
        doorbell.use_loop(None)


@cache
def host() -> Host:
    """Return this process's host; the first call starts it."""
    return Host()
