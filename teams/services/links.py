"""One-time sign-in links."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from teams.models import SignInLink, User

LIFETIME = timedelta(minutes=15)


@transaction.atomic
def sign_in_link_create(*, user: User) -> str:
    """Return a path that signs the user in once within 15 minutes."""
    SignInLink.objects.filter(expires_at__lte=timezone.now()).delete()
    token = secrets.token_urlsafe(24)
    SignInLink.objects.create(
        user=user, digest=_digest(token), expires_at=timezone.now() + LIFETIME
    )
    return reverse("teams:sign_in_link", args=[token])


def sign_in_link_peek(*, token: str) -> User | None:
    """Return whom the link would sign in, None if it is unknown, used or expired."""
    link = _usable(token).select_related("user").first()
    return link.user if link else None


@transaction.atomic
def sign_in_link_use(*, token: str) -> User | None:
    """Use the link up and return its user; of two requests at once, one gets None."""
    user = sign_in_link_peek(token=token)
    used = _usable(token).update(used_at=timezone.now())
    return user if used else None


def _usable(token: str) -> QuerySet[SignInLink]:
    return SignInLink.objects.filter(
        digest=_digest(token), used_at=None, expires_at__gt=timezone.now(), user__is_active=True
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
