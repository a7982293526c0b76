"""API keys: shown once, kept as a digest."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from teams.models import ApiKey, Team, User
from teams.permissions import role_of

# Written at most this often: a busy client must not cost a write for each request.
LAST_USED_STEP = timedelta(minutes=1)


@transaction.atomic
def api_key_create(*, user: User, team: Team, name: str) -> str:
    """Create a key with the user's own role in the team and return it; nobody can read it again.

    Raises:
        ValueError: when the user is not a member of the team.
    """
    if role_of(user, team) is None:
        raise ValueError(f"{user.email} is not a member of the team {team.slug!r}")
    token = f"cs_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(team=team, user=user, name=name, prefix=token[:9], digest=_digest(token))
    return token


def api_key_find(*, token: str) -> ApiKey | None:
    """Return the key that this token is, unless it is revoked or its user is gone from the team."""
    key: ApiKey | None = (
        ApiKey.objects.select_related("user", "team")
        .filter(digest=_digest(token), revoked_at=None, user__is_active=True)
        .first()
    )
    if key is None or role_of(key.user, key.team) is None:
        return None
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_STEP:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def api_key_revoke(*, key: ApiKey) -> None:
    """Stop a key from working; its row stays, so that what it did keeps a name."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
