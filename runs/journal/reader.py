"""Threads that read the database for an event loop, each with a connection that it keeps."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")


class Reader:
    """Calls functions that read the database, off the event loop."""

    def __init__(self, threads: int) -> None:
        self._size = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="reader")

    async def __call__(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _read, function)

    def close(self) -> None:
        """Let every thread close its connection: each gets one call, as none goes on alone."""
        all_there = threading.Barrier(self._size)
        for _ in range(self._size):
            self._threads.submit(_close, all_there)
        self._threads.shutdown()


def _read(function: Callable[[], T]) -> T:
    try:
        return function()
    except (OperationalError, InterfaceError):
        # The server may have closed a connection that was kept: once more on a fresh one.
        connection.close()
        return function()


def _close(all_there: threading.Barrier) -> None:
    connection.close()
    # A thread may be held up by a slow read; the others need not wait for it longer than this.
    with suppress(threading.BrokenBarrierError):
        all_there.wait(timeout=5)
