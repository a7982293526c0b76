"""What this installation offers to crews, as the editor and the checks of a document are told."""

from dataclasses import replace
from functools import cache

from crews.catalog import KINDS, Catalog, ProviderInfo
from resources.selectors import mcp_tools_of
from runs.engine.asking import PLAYABLE
from runs.patterns import PATTERNS
from runs.providers import PROVIDERS
from runs.tools import TOOLS, mcp
from teams.models import Team

_TITLES = {"anthropic": "Anthropic", "openai": "OpenAI or compatible"}


def catalog(team: Team | None = None) -> Catalog:
    """Return the installed patterns, tools and providers (the rehearsal is chosen per run, not
    per role), and the tools of a team's MCP servers."""
    if team is None:
        return _installed()
    lent = tuple(mcp.info_of(tool) for tool in mcp_tools_of(team))
    return replace(_installed(), tools=(*_installed().tools, *lent))


@cache
def _installed() -> Catalog:
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
