"""What a team lends a run, looked at when it begins: a search engine, the tools of MCP servers."""

from crews.spec import CrewSpec
from runs.errors import BadRequest
from runs.tools import web_search
from teams.models import Team


def check_search(spec: CrewSpec, *, team: Team) -> None:
    """Raise BadRequest where a role searches the web and the team has no engine for it."""
    for name, role in spec.roles.items():
        use = role.tool_use("web_search")
        if use is None or web_search.engine_of(team, use.options) is not None:
            continue
        wanted = use.options.get("engine")
        what = f"'{wanted}'" if wanted else "a search engine"
        raise BadRequest(
            f"roles.{name}.tools: web_search needs {what}, and the team has none."
            " Add it in the settings, under Tools, or start a rehearsal."
        )
