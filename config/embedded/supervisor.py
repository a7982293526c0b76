"""Keeps one worker process running beside the web server."""

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from config.data_dir import BASE_DIR

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
STEADY_S = 10.0  # a worker that lived this long has recovered: the next pause is short again
STOP_S = 2.5  # what a worker gets to put its work down; the journal has the rest
LOG_BYTES = 10_000_000


async def supervise_worker(log: Path, say: Callable[[str], None]) -> None:
    """Run the worker, and again (ever later) when it dies; when cancelled, end it and return.

    The worker writes to `log`; `say` is told of each death. To be awaited on the main thread's
    loop: the kernel ends the worker when the thread that spawned it ends.
    """
    pause = SHORTEST_PAUSE_S
    while True:
        born = time.monotonic()
        worker = await _spawn(log)
        try:
            code = await worker.wait()
        finally:
            await _end(worker)
        if time.monotonic() - born > STEADY_S:
            pause = SHORTEST_PAUSE_S
        say(
            f"The worker ended ({_why(code)}); starting it again in {pause:g} s. "
            f"Runs go on where they were. Its log: {log}"
        )
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _spawn(log: Path) -> Process:
    with _opened(log) as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "config.embedded.worker_process", str(os.getpid())),
            cwd=BASE_DIR,
            # Its threads take turns anyway; heaps of their own would only be memory left lying.
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
            stdin=DEVNULL,
            stdout=out,
            stderr=STDOUT,
            # Ctrl-C in a terminal reaches a whole group; the worker is told by us, once.
            start_new_session=True,
        )


def _opened(log: Path) -> BinaryIO:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    return log.open("ab")


async def _end(worker: Process) -> None:
    """End the worker if it still runs: politely, and by force after `STOP_S`."""
    if worker.returncode is not None:
        return
    with suppress(ProcessLookupError):
        worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), STOP_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()


def _why(code: int) -> str:
    if code < 0:
        return f"by signal {signal.Signals(-code).name}"
    return f"with exit code {code}"
