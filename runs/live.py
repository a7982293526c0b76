"""The watched runs of this process: each is heard and read once, for all its viewers."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import structlog
from channels.layers import get_channel_layer
from django.conf import settings

from runs.journal import doorbell, store
from runs.journal.reader import Reader
from runs.models import Run
from runs.pace import Message

log = structlog.get_logger(__name__)
LOOK_AGAIN_S = 2.0
# A page has at most so many entries, and no more once it has so many bytes; so has what is kept
# for all viewers.
KEPT, PAGE, STEP = 1_000, 500, 8
KEPT_BYTES, PAGE_BYTES = 1 << 22, 1 << 22
read = Reader(2)
_tails: dict[str, "Tail"] = {}
_relay: asyncio.Task[None] | None = None


class Viewer(Protocol):
    """Somebody at a websocket. Both are called on the event loop and return at once."""

    def take(self, messages: Sequence[Message]) -> None:
        """There are new entries."""

    def show(self, message: Message) -> None:
        """There is something that nobody misses."""

    def fail(self) -> None:
        """The run cannot be read just now."""


@dataclass(slots=True, eq=False)
class Tail:
    """The end of one run's journal: the entries up to `last` are known here, the newest are kept as
    messages, ready to be sent."""

    run: str
    last: int = 0
    viewers: list[Viewer] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    _listening: asyncio.Event = field(default_factory=asyncio.Event)
    _kept: deque[Message] = field(default_factory=deque)
    _size: int = 0
    _looks: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def after(self, seq: int, *, look: bool = False) -> list[Message]:
        """Return messages of entries after `seq`, a page at most, and [] where none are known; with
        `look`, none are in the database either."""
        if look:
            # First the group, then the backlog: what comes in between is in one of the two.
            await self._listening.wait()
            if seq >= self.last:
                await self._look()
        if seq >= self.last:
            return []
        if self._kept and (skipped := seq + 1 - self._kept[0].seq) >= 0:
            return list(islice(self._kept, skipped, None))
        return await _page(self.run, seq)

    async def follow(self) -> None:
        """Hear the channel layer and look again now and then, until cancelled."""
        layer: Any = get_channel_layer()
        name = await layer.new_channel()
        joined, look_at = False, time.monotonic() + LOOK_AGAIN_S
        hearing = asyncio.ensure_future(layer.receive(name))
        try:
            while True:
                joined = joined or await self._join(layer, name)
                try:
                    if not self._listening.is_set():
                        self.last = await read(self._stored_last)
                        self._listening.set()
                    rest = look_at - time.monotonic()
                    if rest <= 0:  # also while a model's words keep coming
                        await self._look()
                        look_at = time.monotonic() + LOOK_AGAIN_S
                    await asyncio.wait({hearing}, timeout=max(rest, 0))
                    if hearing.done():
                        heard, hearing = hearing, asyncio.ensure_future(layer.receive(name))
                        await self._hear(heard.result())
                except Exception:
                    log.exception("run_not_followed", run=self.run)
                    for viewer in tuple(self.viewers):
                        viewer.fail()
                    await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            hearing.cancel()
            with suppress(Exception):
                await layer.group_discard(doorbell.group(self.run), name)

    async def _join(self, layer: Any, name: str) -> bool:
        try:
            await layer.group_add(doorbell.group(self.run), name)
        except Exception as error:  # noqa: BLE001 (each client of Redis has its own)
            # Without wake-ups, viewers get what is found by looking.
            if not self._listening.is_set():
                log.warning("group_not_joined", run=self.run, error=str(error))
            return False
        return True

    async def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "delta":
            told = Message.of({key: value for key, value in message.items() if key != "run"})
            for viewer in tuple(self.viewers):
                viewer.show(told)
        elif message["seq"] > self.last:
            texts = message.get("texts", ())
            begun = message["seq"] - len(texts)
            if begun <= self.last:
                new = texts[self.last - begun :]
                self._keep([Message.entry(self.last + n, text) for n, text in enumerate(new, 1)])
            else:
                await self._look()

    async def _look(self) -> None:
        asked = self._looks
        async with self._lock:
            if self._looks > asked:  # somebody else's look began later than this one was wanted
                return
            self._looks += 1
            while page := await _page(self.run, self.last):
                # What the channel layer has told meanwhile may be among them.
                self._keep([message for message in page if message.seq > self.last])

    def _keep(self, messages: list[Message]) -> None:
        if not messages:
            return
        if any(message.erases for message in messages):
            self._kept.clear()
            self._size = 0
        self._kept.extend(messages)
        self._size += sum(len(message.data) for message in messages)
        self.last = messages[-1].seq
        while len(self._kept) > KEPT or (self._size > KEPT_BYTES and len(self._kept) > 1):
            self._size -= len(self._kept.popleft().data)
        for viewer in tuple(self.viewers):
            viewer.take(messages)

    def _stored_last(self) -> int:
        return Run.objects.filter(pk=self.run).values_list("seq", flat=True).first() or 0


async def _page(run: str, seq: int) -> list[Message]:
    return await read(lambda: _messages(run, seq))


def _messages(run: str, seq: int) -> list[Message]:
    messages: list[Message] = []
    size, step = 0, STEP
    while size < PAGE_BYTES and len(messages) < PAGE:
        after = messages[-1].seq if messages else seq
        found = [Message.entry(*one) for one in store.read_texts(run, after=after, limit=step)]
        messages += found
        if len(found) < step:
            break
        size += sum(len(message.data) for message in found)
        # As many again as fit if they are like those so far.
        fitting = (PAGE_BYTES - size) * len(messages) // size
        step = max(STEP, min(fitting, PAGE - len(messages)))
    return messages


def watch(run: str, viewer: Viewer) -> Tail:
    """Begin to watch a run; to be ended by `leave`."""
    _ensure_relay()
    tail = _tails.get(run)
    if tail is None:
        tail = _tails[run] = Tail(run)
        tail.task = asyncio.ensure_future(tail.follow())
    tail.viewers.append(viewer)
    return tail


def leave(tail: Tail, viewer: Viewer) -> None:
    tail.viewers.remove(viewer)
    if not tail.viewers and tail.task:
        tail.task.cancel()
        _tails.pop(tail.run, None)


def _ensure_relay() -> None:
    """Embedded, let this process hear the worker's wake-ups as long as its event loop runs."""
    global _relay
    if settings.EMBEDDED and (_relay is None or _relay.done()):
        _relay = asyncio.ensure_future(doorbell.relay_datagrams())
