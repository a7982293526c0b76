"""A team's webhook: its address, and the secret that signs what is sent there."""

import secrets

from django.db import transaction

from teams.models import Team, Webhook
from teams.vault import seal, unseal


@transaction.atomic
def webhook_set(*, team: Team, url: str) -> str | None:
    """Store the address of a team's webhook. Returns the new secret, which is shown once, for the
    first address and for one on another host or path; None where nothing changed."""
    stored = Webhook.objects.select_for_update().filter(team=team).first()
    if stored is not None and stored.url == url:
        return None
    secret = f"whsec_{secrets.token_urlsafe(32)}"
    Webhook.objects.update_or_create(team=team, defaults={"url": url, "sealed": seal(secret)})
    return secret


def webhook_remove(*, team: Team) -> None:
    """Send nothing any more; what is due is dropped."""
    Webhook.objects.filter(team=team).delete()


def webhook_secret(hook: Webhook) -> str:
    """Return the secret. Raises CredentialUnreadable."""
    return unseal(hook.sealed)
