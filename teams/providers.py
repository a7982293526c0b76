"""The seam to model providers: what the settings page may offer and how it tests a credential.

``teams`` calls no provider. The app that does registers each one in its ``AppConfig.ready``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from teams.services.credentials import ResolvedCredential


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What a test call said: ``summary`` in a line, ``detail`` with cause and remedy."""

    ok: bool
    summary: str
    detail: str = ""


Check = Callable[[ResolvedCredential], CheckResult]


@dataclass(frozen=True, kw_only=True)
class ProviderInfo:
    """A provider as people see it. ``check`` makes one cheap call and does not raise."""

    name: str
    title: str
    key_hint: str = ""
    default_url: str = ""
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
}


def provider_register(info: ProviderInfo) -> None:
    """Offer a provider on the settings page, or replace what is offered under its name."""
    PROVIDERS[info.name] = info
