"""The end of each watched run's journal, read once for all viewers of this process."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from django.conf import settings

from runs.journal import doorbell, store
from runs.journal.reader import Reader

KEPT = 1_000
PAGE = 500
Message = tuple[int, str]
_read = Reader(2)
_tails: dict[str, "Tail"] = {}
_relay: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Tail:
    """The last entries of one run as messages, ready to be sent."""

    run: str
    viewers: int = 0
    _kept: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after(self, seq: int, upto: int | None = None) -> list[Message]:
        """Return messages of entries after `seq`, a page at most; `upto` is known to be there, so
        what is kept need not be compared with the database if it reaches so far."""
        async with self._lock:
            last = self._kept[-1][0] if self._kept else None
            if last is None or upto is None or last < upto:
                self._kept.extend(await _page(self.run, seq if last is None else last))
        if self._kept and self._kept[0][0] <= seq + 1:
            return [message for message in self._kept if message[0] > seq]
        return await _page(self.run, seq)


async def _page(run: str, seq: int) -> list[Message]:
    return await _read(lambda: _messages(run, seq))


def _messages(run: str, seq: int) -> list[Message]:
    return [
        (entry.seq, json.dumps({"type": "entry", "entry": entry.model_dump(mode="json")}))
        for entry in store.read(run, after=seq, limit=PAGE)
    ]


def watch(run: str) -> Tail:
    """Begin to watch a run; to be ended by `leave`."""
    _ensure_relay()
    tail = _tails.setdefault(run, Tail(run))
    tail.viewers += 1
    return tail


def leave(tail: Tail) -> None:
    tail.viewers -= 1
    if tail.viewers <= 0:
        _tails.pop(tail.run, None)


def _ensure_relay() -> None:
    """Embedded, let this process hear the worker's wake-ups as long as its event loop runs."""
    global _relay
    if settings.EMBEDDED and (_relay is None or _relay.done()):
        _relay = asyncio.ensure_future(doorbell.relay_datagrams())
