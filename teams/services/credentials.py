"""Provider credentials: written here, readable again only by the engine."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from teams.errors import AddressInvalid, CredentialEmpty, KeyNeededAgain
from teams.models import Credential, Team
from teams.vault import seal, unseal

# The names that the providers' own SDKs read.
ENVIRONMENT = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "searxng": ("SEARXNG_API_KEY", "SEARXNG_BASE_URL"),
    "tavily": ("TAVILY_API_KEY", "TAVILY_BASE_URL"),
    "brave": ("BRAVE_API_KEY", "BRAVE_BASE_URL"),
}


@dataclass(frozen=True, kw_only=True)
class ResolvedCredential:
    """How to reach a provider: ``api_key`` "" if it needs none, ``base_url`` None for its own.

    ``from_environment`` tells that no team stored it.
    """

    provider: str
    api_key: str = field(repr=False)
    base_url: str | None
    from_environment: bool = False
    per_minute: int | None = None


@transaction.atomic
def credential_set(
    *,
    team: Team,
    provider: str,
    name: str = "default",
    api_key: str | None,
    base_url: str = "",
    per_minute: int | None = None,
) -> Credential:
    """Store or change the team's credential of this provider and name.

    ``api_key`` None keeps the stored key, "" says that the server needs none.

    Raises:
        KeyNeededAgain: the address changed and the stored key was to be kept.
        CredentialEmpty: there is neither a key nor an address.
        AddressInvalid: the address is not one of a server.
    """
    base_url = _address(base_url)
    stored: Credential | None = (
        Credential.objects.select_for_update()
        .for_team(team)
        .filter(provider=provider, name=name)
        .first()
    )
    if api_key is None and stored and stored.sealed and stored.base_url != base_url:
        raise KeyNeededAgain
    sealed = (stored.sealed if stored else "") if api_key is None else seal(api_key.strip())
    if not sealed and not base_url:
        raise CredentialEmpty
    credential: Credential
    credential, _ = Credential.objects.update_or_create(
        team=team,
        provider=provider,
        name=name,
        defaults={"base_url": base_url, "sealed": sealed, "per_minute": per_minute},
    )
    return credential


def credential_delete(*, credential: Credential) -> None:
    """Forget a credential; runs that need it fail with a message that names it."""
    credential.delete()


def credential_resolve(
    *, team: Team, provider: str, name: str = "default", environment: bool = False
) -> ResolvedCredential | None:
    """Return how the team reaches the provider, None when it has no credential of this name.

    The team's own comes first. The name ``default`` falls back to the SDKs' environment variables
    for the owner's team in embedded mode, or wherever ``environment`` says so (``run_crew``).

    Raises:
        CredentialUnreadable: stored under a credential key that the installation no longer has.
    """
    stored: Credential | None = (
        Credential.objects.for_team(team).filter(provider=provider, name=name).first()
    )
    if stored is not None:
        return ResolvedCredential(
            provider=provider,
            api_key=unseal(stored.sealed),
            base_url=stored.base_url or None,
            per_minute=stored.per_minute,
        )
    if name != "default" or not (environment or serves_environment(team)):
        return None
    return _from_environment(provider)


def credential_known(*, team: Team, provider: str, environment: bool = False) -> bool:
    """Tell whether the team has a ``default`` way to reach the provider, without opening it."""
    if Credential.objects.for_team(team).filter(provider=provider, name="default").exists():
        return True
    return (environment or serves_environment(team)) and _from_environment(provider) is not None


def serves_environment(team: Team) -> bool:
    """Tell whether the keys in the environment are this team's: the owner's own, on one machine."""
    return bool(settings.EMBEDDED and team.personal_of and team.personal_of.owns_installation)


def credentials_from_environment(*, team: Team) -> list[ResolvedCredential]:
    """Return what the environment gives this team where it has stored no ``default`` itself."""
    if not serves_environment(team):
        return []
    stored = set(
        Credential.objects.for_team(team).filter(name="default").values_list("provider", flat=True)
    )
    found = (_from_environment(provider) for provider in ENVIRONMENT if provider not in stored)
    return [credential for credential in found if credential]


def _address(text: str) -> str:
    text = text.strip().rstrip("/")
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressInvalid from None
    # A name or password would show on the settings page; SDKs append paths, so no query.
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    plain = plain and not any(char.isspace() or not char.isprintable() for char in text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not plain:
        raise AddressInvalid
    return text


def _from_environment(provider: str) -> ResolvedCredential | None:
    if provider not in ENVIRONMENT:
        return None
    api_key, base_url = (os.environ.get(variable, "").strip() for variable in ENVIRONMENT[provider])
    if not api_key and not base_url:
        return None
    return ResolvedCredential(
        provider=provider, api_key=api_key, base_url=base_url or None, from_environment=True
    )
