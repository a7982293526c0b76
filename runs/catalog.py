"""What this installation offers to crews, as the editor and the checks of a document are told."""

from functools import cache

from crews.catalog import KINDS, Catalog, ProviderInfo
from runs.engine.asking import PLAYABLE
from runs.patterns import PATTERNS
from runs.providers import PROVIDERS
from runs.tools import TOOLS

_TITLES = {"anthropic": "Anthropic", "openai": "OpenAI or compatible"}


@cache
def catalog() -> Catalog:
    """Return the installed patterns, tools and providers (the rehearsal is chosen per run, not
    per role)."""
    return Catalog(
        patterns=tuple(pattern.info for pattern in PATTERNS.values()),
        tools=tuple(tool.info for tool in TOOLS.values()),
        providers=tuple(
            ProviderInfo(name=name, title=_TITLES.get(name, name))
            for name in PROVIDERS
            if name != "rehearsal"
        ),
        kinds=tuple(kind for kind in KINDS if kind.name in PLAYABLE),
    )
