"""Every websocket route, asked by everybody: the close codes are those of the verdict table."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from config.asgi import application
from runs import consumers, live
from runs.pace import Message
from runs.routing import websocket_urlpatterns
from teams.models import ApiKey, Membership
from teams.roles import ROLES, allows
from tests.integration.verdicts import SOCKETS, Verdict
from tests.integration.world import World, world_make

LET_IN, SIGNED_OUT, NOT_THERE, WRONG_ORIGIN = 0, 4401, 4404, 1000
Headers = list[tuple[bytes, bytes]]


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    yield world_make()
    # Sockets read by connections that their process keeps; they would hold the test's database.
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def test_the_verdicts_are_of_the_routes_there_are() -> None:
    assert set(SOCKETS) == {str(route.pattern) for route in websocket_urlpatterns}


@pytest.mark.parametrize("caller", ["anonymous", *ROLES, "foreign"])
@pytest.mark.parametrize("route", sorted(SOCKETS))
async def test_a_socket_answers_each_caller_by_its_verdict(
    world: World, route: str, caller: str
) -> None:
    wanted = _wanted(SOCKETS[route], caller)
    for headers in await database_sync_to_async(lambda: list(_ways_in(world, caller)))():
        assert await _answer(_path(world, route), headers) == wanted


async def test_a_page_of_another_origin_is_refused_whoever_looks_at_it(world: World) -> None:
    ways = await database_sync_to_async(lambda: list(_ways_in(world, "owner")))()
    headers = [
        *(pair for pair in ways[0] if pair[0] != b"origin"),
        (b"origin", b"http://evil.example"),
    ]
    for route in SOCKETS:
        assert await _answer(_path(world, route), headers) == WRONG_ORIGIN


async def test_an_address_that_is_no_socket_is_closed(world: World) -> None:
    ways = await database_sync_to_async(lambda: list(_ways_in(world, "owner")))()
    assert await _answer("/ws/nothing/", ways[0]) == NOT_THERE


def _wanted(verdict: Verdict, caller: str) -> int:
    if caller == "anonymous":
        return SIGNED_OUT
    if caller == "foreign" or not allows(caller, verdict.permission or "team.view"):
        return NOT_THERE
    return LET_IN


def _path(world: World, route: str) -> str:
    arguments = world.arguments(route)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(arguments[name[1]]), route)


def _ways_in(world: World, caller: str) -> Iterator[Headers]:
    """Yield the headers of a browser with the caller's session, and of a program with their key."""
    origin = (b"origin", settings.PUBLIC_ORIGINS[0].encode())
    if caller == "anonymous":
        yield [origin]
        yield [(b"authorization", b"Bearer cs_wrong")]
        return
    client = Client()
    client.force_login(world.people[caller], "django.contrib.auth.backends.ModelBackend")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    yield [origin, (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
    yield [(b"authorization", f"Bearer {world.keys[caller]}".encode())]


async def _answer(path: str, headers: Headers) -> int:
    """Open the socket and return its close code, LET_IN once it sends."""
    socket = WebsocketCommunicator(application, path, headers=headers)
    accepted, code = await socket.connect(timeout=10)
    if not accepted:
        return code or WRONG_ORIGIN
    message = await socket.receive_output(timeout=10)
    await socket.disconnect()
    return int(message["code"]) if message["type"] == "websocket.close" else LET_IN


def _revoke_key(world: World) -> None:
    ApiKey.objects.filter(user=world.people["viewer"]).update(revoked_at=timezone.now())


def _sign_out(world: World) -> None:
    Session.objects.all().delete()


def _leave_team(world: World) -> None:
    Membership.objects.filter(user=world.people["viewer"], team=world.team).delete()


@pytest.mark.parametrize(
    ("way", "loss", "code"),
    [
        (0, _sign_out, SIGNED_OUT),
        (0, _leave_team, NOT_THERE),
        (1, _revoke_key, SIGNED_OUT),
        (1, _leave_team, SIGNED_OUT),
    ],
)
async def test_who_may_no_longer_watch_is_sent_away(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    way: int,
    loss: Callable[[World], None],
    code: int,
) -> None:
    monkeypatch.setattr(consumers, "ASK_AGAIN_S", (0.0, 0.0))
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.05)
    headers = (await database_sync_to_async(lambda: list(_ways_in(world, "viewer")))())[way]
    route = "ws/runs/<uuid:run>/"
    socket = WebsocketCommunicator(application, _path(world, route), headers=headers)
    assert (await socket.connect(timeout=10))[0]
    while json.loads(await socket.receive_from(timeout=10))["type"] != "caught_up":
        pass
    await database_sync_to_async(loss)(world)
    assert await _closed(socket) == code


async def test_who_never_has_read_all_is_sent_away_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one_more(tail: live.Tail, seq: int, *, look: bool = False) -> list[Message]:
        return [Message.entry(seq + 1, "{}")]

    monkeypatch.setattr(consumers, "ASK_AGAIN_S", (0.0, 0.0))
    monkeypatch.setattr(live.Tail, "after", one_more)
    headers = (await database_sync_to_async(lambda: list(_ways_in(world, "viewer")))())[0]
    socket = WebsocketCommunicator(
        application, _path(world, "ws/runs/<uuid:run>/"), headers=headers
    )
    assert (await socket.connect(timeout=10))[0]
    assert (await socket.receive_json_from(timeout=10))["type"] == "entry"
    await database_sync_to_async(_leave_team)(world)
    assert await _closed(socket) == NOT_THERE


async def _closed(socket: WebsocketCommunicator) -> int:
    while (message := await socket.receive_output(timeout=10))["type"] != "websocket.close":
        pass
    await socket.disconnect()
    return int(message["code"])
