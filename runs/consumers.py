"""The websocket of a run ◆: entries after a seq, then new ones as they come; previews of texts.

Messages of the channel layer only say when to look: rows are read from the database, also every few
seconds without any message. The client sends nothing but pings. One that reads slowly is sent no
more than it takes; one that does not read is closed, and comes back for the rest.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.exceptions import PermissionDenied
from django.http import Http404

from runs import live
from runs.journal import doorbell
from runs.models import Run
from runs.pace import Line, Pace, TooSlow
from teams.access import Caller, get_or_404
from teams.models import User

log = structlog.get_logger(__name__)
LOOK_AGAIN_S = 2.0
# As browsers and Python's json write it. Nothing else that a client says is read at all.
PINGS = ('{"type":"ping"}', '{"type": "ping"}')
NOT_SIGNED_IN, NOT_THERE, TOO_SLOW, FAILED = 4401, 4404, 4408, 1011


class RunConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Streams one run to one viewer."""

    async def connect(self) -> None:
        self.seq = 0
        self.line: Line | None = self.scope.get("line")
        self.pace = Pace(self.line)
        self.upto: int | None = None
        self.tail: live.Tail | None = None
        self.news = asyncio.Event()
        self.sender: asyncio.Task[None] | None = None
        await self.accept()
        user = self.scope.get("user")
        if not isinstance(user, User):
            await self.close(NOT_SIGNED_IN)
            return
        run = str(self.scope["url_route"]["kwargs"]["run"])
        team = self.scope.get("team")
        who = Caller(user=user, team=team, pinned=True) if team else user
        if not await _may_view(who, run):
            await self.close(NOT_THERE)
            return
        self.seq = _after(self.scope.get("query_string", b""))
        self.tail = live.watch(run)
        # First the group, then the backlog: what comes in between is in one of the two.
        try:
            await self.channel_layer.group_add(doorbell.group(run), self.channel_name)
        except Exception as error:  # noqa: BLE001 (each client of Redis has its own)
            # Without wake-ups the viewer looks again by itself.
            log.warning("group_not_joined", run=run, error=str(error))
        self.sender = asyncio.ensure_future(self._send_all(self.tail))

    async def disconnect(self, code: int) -> None:
        if self.sender is not None:
            self.sender.cancel()
        if self.tail is not None:
            live.leave(self.tail)
            with suppress(Exception):
                await self.channel_layer.group_discard(
                    doorbell.group(self.tail.run), self.channel_name
                )

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data in PINGS:
            await self._show('{"type":"pong"}')

    async def entries(self, message: dict[str, Any]) -> None:
        """The channel layer says that there are entries up to a seq."""
        if message["seq"] > self.seq:
            self.upto = max(self.upto or 0, message["seq"])
            self.news.set()

    async def delta(self, message: dict[str, Any]) -> None:
        """The channel layer brings a piece of text that a model is writing or a command prints."""
        told = {
            name: message[name] for name in ("type", "action", "text", "stream") if name in message
        }
        await self._show(json.dumps(told))

    async def _send_all(self, tail: live.Tail) -> None:
        """Send until the viewer goes; one that cannot be served is sent away to come back."""
        try:
            await self._follow(tail)
        except TooSlow:
            log.info("viewer_too_slow", run=tail.run, seq=self.seq)
            await self._leave(TOO_SLOW)
        except Exception:
            log.exception("viewer_not_served", run=tail.run)
            await self._leave(FAILED)

    async def _leave(self, code: int) -> None:
        if self.line is None:
            await self.close(code)
        else:
            self.line.close(code)

    async def _show(self, text: str) -> None:
        """Send what nobody misses, unless the viewer is behind."""
        with suppress(TooSlow):
            if not self.pace.is_full():
                await self._tell(text)

    async def _tell(self, text: str) -> None:
        self.pace.sends(text)
        await self.send(text)

    async def _follow(self, tail: live.Tail) -> None:
        """Send what there is, say so, then whatever comes; from one task, so that order holds."""
        await self._send_new(tail, None)
        await self._tell(json.dumps({"type": "caught_up", "seq": self.seq}))
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self.news.wait()
            self.news.clear()
            self.pace.look()
            upto, self.upto = self.upto, None
            await self._send_new(tail, upto)

    async def _send_new(self, tail: live.Tail, upto: int | None) -> None:
        while messages := await tail.after(self.seq, upto):
            for seq, text in messages:
                if seq > self.seq:
                    await self._tell(text)
                    self.seq = seq
                    await self.pace.room()
            if upto is not None and self.seq >= upto:
                return
            # Let the server write what has been sent before the next page is read.
            await asyncio.sleep(0)


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
