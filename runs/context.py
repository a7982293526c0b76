"""What every template knows of runs: ``inbox_open``, the number of the team's open questions."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from runs.approvals import open_count
from teams.access import team_of
from teams.models import User


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return the name above, looked up only when a template uses it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"inbox_open": 0}

    def count() -> int:
        team = getattr(request, "team", None) or team_of(request, user)
        return open_count(team) if team is not None else 0

    return {"inbox_open": SimpleLazyObject(count)}
