"""The registry of providers. Importing it loads no SDK: that happens when one is first made."""

from collections.abc import Callable
from functools import cache

from runs.providers.base import Provider, ProviderError


def _anthropic() -> Provider:
    from runs.providers import anthropic

    return anthropic.provider()


def _openai() -> Provider:
    from runs.providers import openai

    return openai.provider()


def _rehearsal() -> Provider:
    from runs.providers import rehearsal

    return rehearsal.provider()


PROVIDERS: dict[str, Callable[[], Provider]] = {
    "anthropic": _anthropic,
    "openai": _openai,
    "rehearsal": _rehearsal,
}


class UnknownProvider(ProviderError):
    """There is no such provider."""

    kind = "unknown_provider"
    permanent = True

    def __init__(self, name: str) -> None:
        choices = ", ".join(PROVIDERS)
        super().__init__(
            f"There is no provider {name!r}; there are: {choices}.",
            provider=name,
            advice=f"Set the role's provider to one of: {choices}.",
        )


def provider_get(name: str) -> Provider:
    """The process's one instance of a provider. Raises `UnknownProvider`, which lists the choices.

    The first call for a vendor imports its SDK: 0.5 s and 40 MB (openai), 1.3 s and 60 MB
    (anthropic). Make it in a thread, or before the first run.
    """
    if name not in PROVIDERS:
        raise UnknownProvider(name)
    return _made(name)


@cache
def _made(name: str) -> Provider:
    return PROVIDERS[name]()
