"""The websocket of a run ◆: entries after a seq, then new ones as they come; previews of texts.

Who is abreast of the run is handed each new entry by the run's tail; who is not reads on by itself,
at its own pace. The client sends nothing but pings. One that reads slowly is sent no more than it
takes; one that does not read is closed, and comes back for the rest.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from runs import live
from runs.models import Run
from runs.pace import Line, Message, Outbox, Pace, TooSlow
from teams.access import Caller, get_or_404
from teams.models import User
from teams.sockets import caller_of

log = structlog.get_logger(__name__)
# Who may watch is asked again so often, not of all viewers at once.
ASK_AGAIN_S = (8.0, 12.0)
# As browsers and Python's json write it. Nothing else that a client says is read at all.
PINGS = ('{"type":"ping"}', '{"type": "ping"}')
PONG = Message(0, b'{"type":"pong"}')
NOT_SIGNED_IN, NOT_THERE, TOO_SLOW, FAILED = 4401, 4404, 4408, 1011


class _Refused(Exception):
    """The viewer may not watch (any more)."""

    def __init__(self, code: int) -> None:
        self.code = code


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Streams one run to one viewer."""

    async def connect(self) -> None:
        self.seq = _after(self.scope.get("query_string", b""))
        self.run = str(self.scope["url_route"]["kwargs"]["run"])
        self.line: Line = self.scope.get("line") or Outbox(self.base_send)
        self.pace = Pace(self.line)
        self.abreast = False
        self.news = asyncio.Event()
        self.tail: live.Tail | None = None
        self.sender: asyncio.Task[None] | None = None
        self.ask_again = 0.0
        await self.accept()
        try:
            await self._may_watch()
        except _Refused as refused:
            await self.close(refused.code)
            return
        self.tail = live.watch(self.run, self)
        self.sender = asyncio.ensure_future(self._serve(self.tail))

    async def disconnect(self, code: int) -> None:
        if self.sender is not None:
            self.sender.cancel()
        if self.tail is not None:
            live.leave(self.tail, self)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data in PINGS:
            self.show(PONG)

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own closes old database connections before each message, in a thread.
        await getattr(self, get_handler_name(message))(message)

    def take(self, messages: Sequence[Message]) -> None:
        """Send new entries at once, unless the viewer is behind."""
        if not self.abreast or messages[0].seq > self.seq + 1 or self._is_full():
            self.abreast = False
            self.news.set()
            return
        for message in messages:
            if message.seq > self.seq:
                self._send_entry(message)

    def show(self, message: Message) -> None:
        """Send what nobody misses, unless the viewer is behind."""
        if not self._is_full():
            self._tell(message)

    def fail(self) -> None:
        self._leave(FAILED)

    async def _serve(self, tail: live.Tail) -> None:
        """Serve the viewer until it goes; one that cannot be served is sent away."""
        try:
            await self._catch_up(tail, look=True)
            self._tell(Message.of({"type": "caught_up", "seq": self.seq}))
            while True:
                await self._wait()
                await self._catch_up(tail)
        except _Refused as refused:
            self._leave(refused.code)
        except TooSlow:
            log.info("viewer_too_slow", run=self.run, seq=self.seq)
            self._leave(TOO_SLOW)
        except Exception:
            log.exception("viewer_not_served", run=self.run)
            self._leave(FAILED)

    async def _wait(self) -> None:
        """Wait until there may be something to send."""
        while not self.news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(live.LOOK_AGAIN_S):
                    await self.news.wait()
            self.pace.look()
            await self._may_watch()
        self.news.clear()

    async def _catch_up(self, tail: live.Tail, *, look: bool = False) -> None:
        """Send what there is; from then on the tail hands over what comes."""
        self.abreast = False
        while messages := await tail.after(self.seq, look=look):
            await self._may_watch()
            for message in messages:
                if message.seq > self.seq:
                    self._send_entry(message)
                    await self.pace.room()
            # Let the server write what has been sent before the next page is read.
            await asyncio.sleep(0)
        self.abreast = True

    async def _may_watch(self) -> None:
        """Ask now and then whether the viewer may watch. Raises _Refused."""
        if (now := time.monotonic()) < self.ask_again:
            return
        self.ask_again = now + random.uniform(*ASK_AGAIN_S)  # noqa: S311 (no secret)
        who = await caller_of(self.scope.get("headers", ()))
        if who is None:
            raise _Refused(NOT_SIGNED_IN)
        if not await _may_view(who, self.run):
            raise _Refused(NOT_THERE)

    def _is_full(self) -> bool:
        try:
            return self.pace.is_full()
        except TooSlow:
            self.news.set()  # whoever waits for it closes the line
            return True

    def _send_entry(self, message: Message) -> None:
        self._tell(message)
        self.seq = message.seq

    def _tell(self, message: Message) -> None:
        self.pace.sends(message)
        self.line.write(message)

    def _leave(self, code: int) -> None:
        self.abreast = False
        self.line.close(code)


@database_sync_to_async  # type: ignore[untyped-decorator]
def _may_view(who: User | Caller, run: str) -> bool:
    try:
        get_or_404(Run.objects.all(), who, run, "runs.view")
    except (Http404, PermissionDenied):
        return False
    return True


def _after(query: bytes) -> int:
    value = parse_qs(query.decode(errors="replace")).get("after", ["0"])[0]
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 12 else 0
