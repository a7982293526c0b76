"""Who may open a websocket: a browser with a page of our own origin, a program with a key."""

from collections.abc import Sequence
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import OriginValidator
from django.urls import re_path

from runs.consumers import NOT_THERE
from teams.sockets import token_of


class OurOriginOrKey:
    """Closes connections that come from pages of others."""

    def __init__(self, app: Any, origins: Sequence[str]) -> None:
        self._app = app
        # The full origin, with scheme and port: another server on the same host is foreign.
        self._of_browsers = OriginValidator(app, origins)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        # Programs come without an origin; they are known by their key alone, never by a cookie.
        by_key = token_of(scope.get("headers", ())) is not None
        return await (self._app if by_key else self._of_browsers)(scope, receive, send)


class NotFound(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """Closes a connection to an address that is no websocket."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(NOT_THERE)


not_found = re_path(r"", NotFound.as_asgi(), name="not-found")
