"""Who may do what: predicates over the one role table, registered with ``rules``."""

from rules.permissions import add_perm, has_perm, perm_exists
from rules.predicates import Predicate

from teams.models import Membership, Team, User
from teams.roles import PERMISSIONS, allows


def role_of(user: User, team: Team) -> str | None:
    """Return the user's role in the team, None for someone who is not a member."""
    role: str | None = (
        Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()
    )
    return role


def can(user: User, permission: str, team: Team) -> bool:
    """Tell whether the user may do ``permission`` (as named in ``teams.roles``) in the team.

    Raises:
        ValueError: for a permission that is not in the role table.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"Unknown permission {permission!r}; there are {sorted(PERMISSIONS)}")
    return bool(has_perm(permission, user, team))


def register() -> None:
    """Give ``rules`` one predicate for each permission of the table."""
    for permission in PERMISSIONS:
        if not perm_exists(permission):
            add_perm(permission, _predicate(permission))


def _predicate(permission: str) -> Predicate:
    def role_allows(user: User, team: Team | None) -> bool:
        if team is None or not user.is_active:
            return False
        role = role_of(user, team)
        return role is not None and allows(role, permission)

    return Predicate(role_allows, name=f"role allows {permission}")
