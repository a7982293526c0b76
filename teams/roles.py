"""The one role table: what each role in a team may do."""

from typing import Final

VIEWER: Final = frozenset({"team.view", "crews.view", "runs.view", "keys.create"})
RUNNER: Final = VIEWER | {"runs.start", "runs.stop", "runs.decide"}
EDITOR: Final = RUNNER | {"crews.change", "crews.delete", "credentials.view"}
OWNER: Final = EDITOR | {"team.change", "credentials.change", "members.change", "runs.delete"}

ROLES: Final[dict[str, frozenset[str]]] = {
    "owner": OWNER,
    "editor": EDITOR,
    "runner": RUNNER,
    "viewer": VIEWER,
}
PERMISSIONS: Final = OWNER


def allows(role: str, permission: str) -> bool:
    """Tell whether ``role`` may do ``permission``; an unknown permission is a programming error.

    Raises:
        ValueError: naming the permissions there are.
    """
    if permission not in PERMISSIONS:
        raise ValueError(f"Unknown permission {permission!r}; there are {sorted(PERMISSIONS)}")
    return permission in ROLES.get(role, frozenset())
