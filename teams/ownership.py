"""Rows that belong to a team are always asked for by team or by user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from teams.models import Team, User

ModelT = TypeVar("ModelT", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[ModelT]):
    """Rows with a ``team`` foreign key: ``objects = OwnedQuerySet.as_manager()``."""

    def for_team(self, team: Team) -> Self:
        """Return the team's rows."""
        return self.filter(team=team)

    def for_user(self, user: User) -> Self:
        """Return the rows of every team that the user is a member of."""
        return self.filter(team__memberships__user=user)
