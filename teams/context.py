"""What every template knows of people: ``team``, ``my_teams``, ``may`` (``may.crews.change``)."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from teams.access import team_of, teams_of
from teams.models import User
from teams.permissions import role_of
from teams.roles import PERMISSIONS, allows


def people(request: HttpRequest) -> dict[str, Any]:
    """Return the names above, each looked up only when a template uses it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"team": None, "my_teams": [], "may": {}}
    team = SimpleLazyObject(lambda: getattr(request, "team", None) or team_of(request, user))
    return {
        "team": team,
        "my_teams": SimpleLazyObject(lambda: list(teams_of(user))),
        "may": SimpleLazyObject(lambda: _may(user, team)),
    }


def _may(user: User, team: Any) -> dict[str, dict[str, bool]]:
    role = role_of(user, team) if team else None
    table: dict[str, dict[str, bool]] = {}
    for permission in PERMISSIONS:
        kind, verb = permission.split(".")
        table.setdefault(kind, {})[verb] = role is not None and allows(role, permission)
    return table
