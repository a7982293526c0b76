"""How a REST call says who it is: an API key, or the session of someone signed in to the pages."""

from typing import Any

from django.http import HttpRequest
from ninja.security.http import HttpBearer
from ninja.utils import check_csrf

from teams.access import Caller, team_of
from teams.models import User
from teams.services import api_key_find

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ApiKeyOrSession(HttpBearer):
    """Authenticate ``Authorization: Bearer <key>``, or a session together with its CSRF token.

    ``request.auth`` is then a ``teams.access.Caller``; anything else is answered with 401. A wrong
    key is refused even when a session is there too.
    """

    def __call__(self, request: HttpRequest) -> Any | None:
        if header := request.headers.get(self.header):
            scheme, _, token = header.partition(" ")
            return self.authenticate(request, token.strip()) if scheme.lower() == "bearer" else None
        user = request.user
        if not isinstance(user, User):
            return None
        if request.method not in SAFE_METHODS and check_csrf(request) is not None:
            return None
        team = team_of(request, user)
        return Caller(user=user, team=team) if team else None

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """Return the caller that a key stands for, None for an unknown or revoked one."""
        key = api_key_find(token=token)
        return Caller(user=key.user, team=key.team, pinned=True) if key else None
