"""The server of the previews' own origin: HTTP with the browser, bytes with a worker's gateway.

It takes one request per connection: what the service sends after its head is passed on as it comes,
so streams, server-sent events and websockets need no code of their own, and nothing is kept.
"""

import asyncio
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import structlog
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError

from runs.previews import heads, links, pages, table
from runs.previews.links import Guest
from runs.previews.pages import NotShown
from sandbox.http_head import MOST_BYTES, BadHead, Head, read_answer, read_request
from sandbox.splice import Carried, Pair, splice

log = structlog.get_logger(__name__)
HEAD_S = 20.0
"""For a browser to send its head: browsers open connections ahead of their use."""
CONNECT_S = 15.0
ANSWER_S = 30.0
IDLE_S = 600.0
MOST, MOST_EACH = 400, 64
"""Connections at once: in all, and to one preview."""
_WORDS = {
    "refused": pages.NOT_LISTENING,
    "gone": pages.GONE,
    "elsewhere": pages.NO_WORKER,
    "full": pages.FULL,
}


class Front:
    """Serves all previews of an installation on one port, by the name of the host asked for."""

    def __init__(
        self,
        *,
        answer_s: float = ANSWER_S,
        idle_s: float = IDLE_S,
        most: int = MOST,
        most_each: int = MOST_EACH,
    ) -> None:
        self._answer_s = answer_s
        self._idle_s = idle_s
        self._most = most
        self._most_each = most_each
        self._server: asyncio.Server | None = None
        self._all = 0
        self._each: Counter[Guest] = Counter()

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises OSError."""
        self._server = await asyncio.start_server(
            self._connected, host, port, limit=MOST_BYTES, backlog=200
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._all += 1
        try:
            if self._all <= self._most:
                await self._one(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # the browser has gone, or never asked for anything
        finally:
            self._all -= 1
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head: Head | None = None
        try:
            async with asyncio.timeout(HEAD_S):
                head = await read_request(reader)
            if head is None:
                return
            if urlsplit(head.target).path == links.ENTRANCE:
                writer.write(_let_in(head))
            else:
                await self._show(head, (reader, writer))
        except BadHead:
            writer.write(pages.page(pages.BAD_REQUEST))
        except NotShown as shown:
            has_body = head is None or head.method != "HEAD"
            writer.write(pages.page(shown.problem, body=has_body))
        async with asyncio.timeout(HEAD_S):
            await writer.drain()

    async def _show(self, head: Head, browser: Pair) -> None:
        guest = _guest(head)
        if self._each[guest] >= self._most_each:
            raise NotShown(pages.FULL)
        self._each[guest] += 1
        try:
            await self._pass(guest, head, browser)
        finally:
            self._each[guest] -= 1
            if not self._each[guest]:
                del self._each[guest]

    async def _pass(self, guest: Guest, head: Head, browser: Pair) -> None:
        alone = _is_alone(guest, head)
        origin = links.origin_of(guest, plain_host="" if alone else _host(head))
        if heads.is_foreign(head, origin):
            raise NotShown(pages.FOREIGN)
        place = await _place(guest)
        service = await _dial(place)
        heads.toward_service(head, origin=origin, port=place.port, alone=alone)
        try:
            service[1].write(head.pack())
            answer = await self._answer(service[0], browser, service)
        except BaseException:
            service[1].close()
            raise
        heads.toward_browser(answer, origin=origin, port=place.port, hosts=place.hosts, alone=alone)
        browser[1].write(answer.pack())
        await splice(browser, service, Carried(), idle_s=self._idle_s)

    async def _answer(self, reader: asyncio.StreamReader, browser: Pair, service: Pair) -> Head:
        """Pass the request's body on until the service begins to answer."""
        body = asyncio.create_task(_feed(browser[0], service[1]))
        try:
            async with asyncio.timeout(self._answer_s):
                return await read_answer(reader, browser[1])
        except TimeoutError:
            raise NotShown(pages.HANGS) from None
        except (BadHead, ConnectionError):
            raise NotShown(pages.BROKEN) from None
        finally:
            body.cancel()
            await asyncio.gather(body, return_exceptions=True)


async def _feed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


def _is_alone(guest: Guest, head: Head) -> bool:
    """Say whether the origin asked is this preview's and no other one's."""
    return "//*." in settings.PREVIEW_ORIGIN and _host(head) == _home(guest)


def _host(head: Head) -> str:
    host = head.get("host").lower()
    return host.rpartition(":")[0] or host


def _home(guest: Guest) -> str:
    return urlsplit(links.origin_of(guest)).hostname or ""


def _is_at_home(guest: Guest, head: Head) -> bool:
    """Say whether a request came to the host of its preview: by the name below the wildcard, or by
    a plain name of this machine, as programs ask."""
    if _host(head) == _home(guest):
        return True
    return ".localhost:" in settings.PREVIEW_ORIGIN and _host(head) in ("localhost", "127.0.0.1")


def _guest(head: Head) -> Guest:
    for seat in heads.seats(head):
        guest = links.seat_read(seat)
        if guest is not None and _is_at_home(guest, head):
            return guest
    raise NotShown(pages.NO_SEAT)


def _let_in(head: Head) -> bytes:
    token = parse_qs(urlsplit(head.target).query).get("token", [""])[0]
    guest = links.link_read(token)
    if guest is None or head.method not in ("GET", "HEAD") or not _is_at_home(guest, head):
        raise NotShown(pages.NO_SEAT)
    secure = "; Secure" if settings.PREVIEW_ORIGIN.startswith("https:") else ""
    seat = f"{links.COOKIE}={links.seat_make(guest)}; Path=/; HttpOnly; SameSite=Lax"
    return pages.redirect(f"{seat}; Max-Age={links.SEAT_S}{secure}")


async def _place(guest: Guest) -> table.Place:
    try:
        find = database_sync_to_async(table.preview_find)
        place: table.Place | None = await find(guest.run, guest.number)
    except DatabaseError as error:
        log.warning("preview_not_found", error=repr(error))
        raise NotShown(pages.NO_WORKER) from None
    if place is None:
        raise NotShown(pages.NOT_THERE)
    if place.is_over:
        raise NotShown(pages.OVER)
    if not place.holder:
        raise NotShown(pages.NO_WORKER)
    return place


async def _dial(place: table.Place) -> Pair:
    """Connect to the service through the worker that holds its sandbox."""
    host, _, port = place.holder.rpartition(":")
    door = links.door_make(run=place.run, workspace=place.workspace, port=place.port)
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host, int(port), limit=MOST_BYTES)
            try:
                writer.write(door)
                word = (await reader.readline()).decode(errors="replace").strip()
            except BaseException:
                writer.close()
                raise
    except (OSError, TimeoutError, ValueError):
        await database_sync_to_async(table.holder_lost)(place.run, place.holder)
        raise NotShown(pages.NO_WORKER) from None
    if word == "open":
        return reader, writer
    writer.close()
    raise NotShown(_WORDS.get(word, pages.NO_WORKER))
