"""Who may open a websocket: a browser of our own origin with a session, a program with a key."""

from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import AnonymousUser
from django.urls import re_path

from runs.consumers import NOT_THERE
from teams.services import api_key_find


class ApiKeyAuth:
    """Sends connections with `Authorization: Bearer <key>` one way and all others the other."""

    def __init__(self, *, by_key: Any, by_session: Any) -> None:
        self._by_key = by_key
        self._by_session = by_session

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        header = dict(scope.get("headers", ())).get(b"authorization", b"").decode(errors="replace")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return await self._by_session(scope, receive, send)
        key = await database_sync_to_async(api_key_find)(token=token.strip())
        who = {"user": key.user, "team": key.team} if key else {"user": AnonymousUser()}
        return await self._by_key({**scope, **who}, receive, send)


class NotFound(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Closes a connection to an address that is no websocket."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_THERE)


not_found = re_path(r"", NotFound.as_asgi(), name="not-found")
