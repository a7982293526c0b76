"""The thread through which the runs of a worker process share one database connection for writing.

What has arrived while a commit was under way goes into the next one together, so the cost of a
commit is shared by all runs that are busy.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import structlog
from django.db import close_old_connections, connection

from runs.errors import RunError
from runs.journal import store
from runs.journal.entries import Entry
from runs.journal.placing import Head

log = structlog.get_logger(__name__)
T = TypeVar("T")
GROUP = 50
HEADS_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class _Job:
    """A write, or a function to be called, and the future that waits for it."""

    work: store.Write | Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[Any]


class Writer:
    """Writes journals, in the order of the calls, from one thread. Use it on an event loop."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._heads: store.Heads = {}
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def append(self, write: store.Write) -> asyncio.Future[list[Entry]]:
        """Append to a run's journal; the future raises LeaseLost, RunHalted or a DatabaseError.

        Whoever does not await it can rely on the order: what is appended later is written later.
        """
        return self._put(write)

    def expect(self, run: str, head: Head) -> None:
        """Take over from a reader which entry is a run's last, to save looking it up. One that is
        not any more does no harm: what is chained to it is refused, and looked up then."""
        self._heads.setdefault(run, head)

    def call(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Call a function on the writer's thread and connection."""
        return self._put(function)

    def close(self) -> None:
        """Write what has been handed in, then stop."""
        self._jobs.put(None)
        self._thread.join(timeout=10)

    def _put(self, work: store.Write | Callable[[], T]) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        # A failed write that nobody awaits shows at the next one, which is refused as well.
        done.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._jobs.put(_Job(work, loop, done))
        return done

    def _run(self) -> None:
        stopping = False
        while not stopping:
            jobs, stopping = self._take()
            writes = [job for job in jobs if isinstance(job.work, store.Write)]
            results = dict(zip(map(id, writes), self._write(writes), strict=True)) if writes else {}
            for job in jobs:
                if id(job) not in results:
                    results[id(job)] = self._call(cast(Callable[[], Any], job.work))
            for loop in {job.loop for job in jobs}:
                mine = [(job.done, results[id(job)]) for job in jobs if job.loop is loop]
                try:
                    loop.call_soon_threadsafe(_resolve, mine)
                except RuntimeError:  # The loop is closed; nobody waits any more.
                    log.warning("writer_result_lost", writes=len(mine))
        connection.close()

    def _take(self) -> tuple[list[_Job], bool]:
        """Wait for a job and take what else is there, stopping before the first call of a
        function."""
        jobs: list[_Job] = []
        while True:
            try:
                job = self._jobs.get_nowait() if jobs else self._jobs.get()
            except queue.Empty:
                return jobs, False
            if job is None:
                return jobs, True
            jobs.append(job)
            if len(jobs) >= GROUP or not isinstance(job.work, store.Write):
                return jobs, False

    def _write(self, jobs: Sequence[_Job]) -> list[Any]:
        writes = [cast(store.Write, job.work) for job in jobs]
        if len(self._heads) > HEADS_KEPT:
            self._heads.clear()
        try:
            return list(store.append(writes, self._heads))
        except Exception as error:  # noqa: BLE001 (each is then told its own)
            if not self._forget(error):
                # Written again, it might stand there twice. Whoever takes the runs over reads it.
                return [error] * len(writes)
        # One bad write must not take the others with it: each for itself.
        return [self._call(partial(self._write_one, write)) for write in writes]

    def _write_one(self, write: store.Write) -> list[Entry] | RunError:
        return store.append([write], self._heads)[0]

    def _call(self, function: Callable[[], Any]) -> Any:
        try:
            return function()
        except Exception as error:  # noqa: BLE001 (handed to whoever waits)
            self._forget(error)
            return error

    def _forget(self, error: Exception) -> bool:
        """Trust nothing that a failed transaction left behind; say whether it is sure that nothing
        was committed. It is not where the connection broke: its last answer may have been lost."""
        self._heads.clear()
        if isinstance(error, RunError):
            return True
        sure = connection.connection is None or connection.is_usable()
        log.warning("journal_write_failed", error=repr(error), sure=sure)
        close_old_connections()
        if not sure:
            connection.close()
        return sure


def _resolve(results: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in results:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
