"""Who is at a websocket: a program with an API key, or a browser with a session.

What a socket was opened with may have been revoked since, so this is asked again now and then.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.conf import settings
from django.http import parse_cookie

from teams.access import Caller
from teams.models import User
from teams.services import api_key_find

Headers = Iterable[tuple[bytes, bytes]]


def token_of(headers: Headers) -> str | None:
    """Return the API key that a connection comes with, which need not be a valid one."""
    scheme, _, token = _header(headers, b"authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def caller_of(headers: Headers) -> User | Caller | None:
    """Return who is calling, or None for nobody that we know."""
    if (token := token_of(headers)) is not None:
        key = await database_sync_to_async(api_key_find)(token=token)
        return Caller(user=key.user, team=key.team, pinned=True) if key else None
    sessions: Any = import_module(settings.SESSION_ENGINE)
    cookies = parse_cookie(_header(headers, b"cookie"))
    user = await get_user(
        {"session": sessions.SessionStore(cookies.get(settings.SESSION_COOKIE_NAME))}
    )
    return user if isinstance(user, User) else None


def _header(headers: Headers, name: bytes) -> str:
    return dict(headers).get(name, b"").decode("latin1")
