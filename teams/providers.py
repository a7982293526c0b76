"""The seam to providers of models and searches: what the settings pages offer, and how they test a
credential.

``teams`` calls no provider. The app that does registers each one in its ``AppConfig.ready``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from teams.models import Credential, Team
from teams.services.credentials import ResolvedCredential, credentials_from_environment


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a test call said: ``summary`` in a line, ``detail`` with cause and remedy."""

    ok: bool
    summary: str
    detail: str = ""


Check = Callable[[ResolvedCredential], CheckResult]
Serves = Literal["models", "search"]


@dataclass(frozen=True, kw_only=True)
class ProviderInfo:
    """A provider as people see it. ``check`` makes one cheap call and does not raise."""

    name: str
    title: str
    key_hint: str = ""
    default_url: str = ""
    serves: Serves = "models"
    check: Check | None = None

    @property
    def testable(self) -> bool:
        """For templates, which would call ``check`` by naming it."""
        return self.check is not None


PROVIDERS: dict[str, ProviderInfo] = {
    "anthropic": ProviderInfo(
        name="anthropic",
        title="Anthropic",
        key_hint="sk-ant-…",
        default_url="https://api.anthropic.com",
    ),
    "openai": ProviderInfo(
        name="openai",
        title="OpenAI or compatible",
        key_hint="sk-…",
        default_url="https://api.openai.com/v1",
    ),
    "searxng": ProviderInfo(name="searxng", title="SearXNG", serves="search"),
    "tavily": ProviderInfo(
        name="tavily",
        title="Tavily",
        key_hint="tvly-…",
        default_url="https://api.tavily.com",
        serves="search",
    ),
    "brave": ProviderInfo(
        name="brave",
        title="Brave Search",
        key_hint="BSA…",
        default_url="https://api.search.brave.com",
        serves="search",
    ),
}


def providers_for(serves: Serves) -> dict[str, ProviderInfo]:
    """Return the providers of models, or of searches, by name."""
    return {name: info for name, info in PROVIDERS.items() if info.serves == serves}


@dataclass(frozen=True, kw_only=True)
class CredentialsShown:
    """A team's credentials as a settings page lists them: stored ones with their provider (None
    where nobody offers it any more), and what the environment gives besides."""

    stored: list[tuple[Credential, ProviderInfo | None]]
    environment: list[tuple[ResolvedCredential, ProviderInfo]]


def credentials_shown(*, team: Team, serves: Serves) -> CredentialsShown:
    """Return a team's credentials for models (with those of unknown providers), or searches."""
    rows = Credential.objects.for_team(team).order_by("provider", "name")
    offered = providers_for(serves)
    others = PROVIDERS.keys() - offered.keys()
    known = credentials_from_environment(team=team)
    return CredentialsShown(
        stored=[
            (row, offered.get(row.provider))
            for row in rows
            if row.provider in offered or (serves == "models" and row.provider not in others)
        ],
        environment=[(row, offered[row.provider]) for row in known if row.provider in offered],
    )


def provider_register(info: ProviderInfo) -> None:
    """Offer a provider on the settings page, or replace what is offered under its name."""
    PROVIDERS[info.name] = info
