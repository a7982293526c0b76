"""The only sender of wake-ups. A message never carries truth: losing every one of them delays, and
changes nothing. One about a few small entries brings a copy of them, which saves who hears it the
reading of what the database has by then.

With Redis, wake-ups go through Celery and the channel layer. Embedded, the channel layer lives in
the web process alone, so the worker rings it by datagrams to a socket in the data folder.
"""

import asyncio
import functools
import json
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from celery import current_app
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

from runs.journal.entries import entry_text
from runs.journal.placing import Placed

log = structlog.get_logger(__name__)
DATAGRAM_BYTES = 60_000
# So much is copied into one message; escaped once more it still fits a datagram.
COPY_CHARACTERS = 16_000


def group(run: str) -> str:
    """Return the name of the channel group of a run's viewers."""
    return f"run.{run}"


def ring_work_on_commit(run: str) -> None:
    """Tell the workers, once the transaction is committed, that a run may have work."""
    transaction.on_commit(lambda: ring_work(run))


def ring_work(run: str) -> None:
    """Tell the workers that a run may have work. If this fails, the sweeper finds the run."""
    try:
        current_app.send_task("runs.drive", args=[run], retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 (whatever the broker or the layer raises)
        log.warning("doorbell_lost", run=run, error=str(error))


def ring_entries(written: Iterable[Placed]) -> None:
    """Tell the viewers of runs up to which seq there are entries, once these are committed."""
    for one in written:
        message = {"type": "entries", "run": one.run, "seq": one.head.seq}
        if sum(len(text or "") for text, _ in one.texts) <= COPY_CHARACTERS and not one.blobs:
            message["texts"] = [
                entry_text(entry.__dict__, text)
                for entry, (text, _) in zip(one.entries, one.texts, strict=True)
            ]
        _send(one.run, message)


def ring_delta(run: str, action: str, text: str, stream: str = "") -> None:
    """Send the viewers of a run a piece of text that a model is writing, or that a command prints
    to a `stream`. It is not kept anywhere."""
    message = {"type": "delta", "run": run, "action": action, "text": text}
    _send(run, message | {"stream": stream} if stream else message)


def _send(run: str, message: dict[str, Any]) -> None:
    if settings.EMBEDDED:
        _send_datagram(message)
    elif (loop := _engine_loop) is not None:
        loop.call_soon_threadsafe(_relay, run, message)
    else:
        try:
            async_to_sync(_group_send)(run, message)
        except Exception as error:  # noqa: BLE001 (whatever the broker or the layer raises)
            log.warning("doorbell_lost", run=run, error=str(error))


_engine_loop: asyncio.AbstractEventLoop | None = None
_sending: set[asyncio.Task[None]] = set()


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send from this event loop from now on (a worker's), instead of from the calling thread."""
    global _engine_loop
    _engine_loop = loop


def _relay(run: str, message: dict[str, Any]) -> None:
    task = asyncio.ensure_future(_group_send(run, message))
    _sending.add(task)
    task.add_done_callback(_sending.discard)


async def _group_send(run: str, message: dict[str, Any]) -> None:
    try:
        layer = get_channel_layer()
        await layer.group_send(group(run), message)
    except Exception as error:  # noqa: BLE001 (whatever the broker or the layer raises)
        log.warning("doorbell_lost", run=run, error=str(error))


def _send_datagram(message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    if len(data) > DATAGRAM_BYTES:
        return
    # Nobody may be watching, or too slowly: viewers look again by themselves.
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto(data, _address())


@functools.cache
def _address() -> str:
    path = str(settings.DATA_DIR / "doorbell.sock")
    if len(path) <= 100:
        return path
    # The address of a Unix socket has 108 bytes; a descriptor of the folder makes it short.
    folder = os.open(settings.DATA_DIR, os.O_RDONLY)
    return f"/proc/self/fd/{folder}/doorbell.sock"


async def relay_datagrams() -> None:
    """Pass datagrams of the worker on to this process's channel layer, for as long as it runs."""
    (settings.DATA_DIR / "doorbell.sock").unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(_address())
    server.setblocking(False)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    loop = asyncio.get_running_loop()
    try:
        while True:
            message = json.loads(await loop.sock_recv(server, 1 << 16))
            await _group_send(message["run"], message)
    finally:
        server.close()
