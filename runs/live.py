"""The end of each watched run's journal, read once for all viewers of this process."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field

from django.conf import settings

from runs.journal import doorbell, store
from runs.journal.reader import Reader

# A page has at most so many entries, and no more once it has so many characters; so has what is
# kept for all viewers.
KEPT, PAGE, STEP = 1_000, 500, 8
KEPT_CHARACTERS, PAGE_CHARACTERS = 1 << 23, 1 << 22
Message = tuple[int, str]
_read = Reader(2)
_tails: dict[str, "Tail"] = {}
_relay: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Tail:
    """The last entries of one run as messages, ready to be sent."""

    run: str
    viewers: int = 0
    _kept: deque[Message] = field(default_factory=deque)
    _size: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after(self, seq: int, upto: int | None = None) -> list[Message]:
        """Return messages of entries after `seq`, a page at most; `upto` is known to be there, so
        what is kept need not be compared with the database if it reaches so far."""
        async with self._lock:
            last = self._kept[-1][0] if self._kept else None
            if last is None or upto is None or last < upto:
                self._keep(await _page(self.run, seq if last is None else last))
        if self._kept and self._kept[0][0] - 1 <= seq <= self._kept[-1][0]:
            return [message for message in self._kept if message[0] > seq]
        return await _page(self.run, seq)

    def _keep(self, page: list[Message]) -> None:
        self._kept.extend(page)
        self._size += sum(len(text) for _, text in page)
        while len(self._kept) > KEPT or (self._size > KEPT_CHARACTERS and len(self._kept) > 1):
            self._size -= len(self._kept.popleft()[1])


async def _page(run: str, seq: int) -> list[Message]:
    return await _read(lambda: _messages(run, seq))


def _messages(run: str, seq: int) -> list[Message]:
    messages: list[Message] = []
    size, step = 0, STEP
    while size < PAGE_CHARACTERS and len(messages) < PAGE:
        found = [
            (entry.seq, json.dumps({"type": "entry", "entry": entry.model_dump(mode="json")}))
            for entry in store.read(run, after=messages[-1][0] if messages else seq, limit=step)
        ]
        messages += found
        if len(found) < step:
            break
        size += sum(len(text) for _, text in found)
        # As many again as fit if they are like those so far.
        fitting = (PAGE_CHARACTERS - size) * len(messages) // size
        step = max(STEP, min(fitting, PAGE - len(messages)))
    return messages


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
