"""The door to everything a team owns: which team a request is in, and which objects it may reach.

Somebody who is not a member of an object's team gets 404, as if it did not exist; a member whose
role is too small gets 403.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponseBase

from teams.models import Team, User
from teams.permissions import can

P = ParamSpec("P")
OwnedT = TypeVar("OwnedT", bound=models.Model)
CHOSEN_TEAM = "team"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is calling: a user, in the team of their API key or in the one their session chose.

    ``pinned`` callers (API keys) reach that team only, whatever else their user is a member of.
    """

    user: User
    team: Team
    pinned: bool = False

    def can(self, permission: str, team: Team | None = None) -> bool:
        """Tell whether the caller may do ``permission`` in ``team`` (default: their own)."""
        where = team or self.team
        return (not self.pinned or where == self.team) and can(self.user, permission, where)


class TeamRequest(HttpRequest):
    """A request after ``team_required``: somebody is signed in, and a team is chosen."""

    user: User
    team: Team
    caller: Caller


def teams_of(who: User | Caller) -> models.QuerySet[Team]:
    """Return the teams that the caller reaches, the personal one first."""
    user = who.user if isinstance(who, Caller) else who
    teams = Team.objects.filter(memberships__user=user)
    if isinstance(who, Caller) and who.pinned:
        teams = teams.filter(pk=who.team.pk)
    return teams.order_by(models.F("personal_of").asc(nulls_last=True), "name")


def team_of(request: HttpRequest, user: User) -> Team | None:
    """Return the team that the session chose, else the personal one, else the first."""
    teams = list(teams_of(user))
    chosen = request.session.get(CHOSEN_TEAM)
    by_choice = (team for team in teams if str(team.pk) == chosen)
    personal = (team for team in teams if team.personal_of_id == user.pk)
    return next(by_choice, None) or next(personal, None) or next(iter(teams), None)


def get_or_404(
    queryset: models.QuerySet[OwnedT], who: User | Caller, pk: object, permission: str
) -> OwnedT:
    """Return the row with this key, if the caller may do ``permission`` in its team.

    Raises:
        Http404: no such row, a malformed key, or a row of a team that the caller is no member of.
        PermissionDenied: the caller's role in that team is too small.
    """
    try:
        row = queryset.select_related("team").get(pk=pk, team__in=teams_of(who))
    except (ObjectDoesNotExist, ValidationError, ValueError, TypeError):
        raise Http404(f"No {queryset.model._meta.verbose_name} with this key") from None
    team: Team = row.team  # type: ignore[attr-defined]
    user = who.user if isinstance(who, Caller) else who
    require(user, permission, team)
    return row


def require(user: User, permission: str, team: Team) -> None:
    """Raise PermissionDenied, saying what is missing, unless the user may do this in the team."""
    if not can(user, permission, team):
        raise PermissionDenied(
            f"Your role in {team} does not include {permission!r}. Ask an owner of the team."
        )


View = Callable[Concatenate[TeamRequest, P], HttpResponseBase]


def team_required(
    permission: str | None = "team.view",
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let a view run only for a member whose role in the chosen team allows ``permission``.

    The view gets ``request.user``, ``request.team`` and ``request.caller``. A view of one object
    decides by the object's own team instead: ``team_required(None)`` and ``get_or_404``.
    """

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, User):
                return redirect_to_login(request.get_full_path())
            team = team_of(request, user)
            if team is None:
                raise PermissionDenied(
                    "You are not a member of any team. Ask an owner to invite you."
                )
            if permission is not None:
                require(user, permission, team)
            inside: Any = request
            inside.team, inside.caller = team, Caller(user=user, team=team)
            return view(inside, *args, **kwargs)

        return guarded

    return decorate
