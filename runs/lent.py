"""What a team lends a run, looked at when it begins: a search engine, the tools of MCP servers."""

from typing import Any

from django.conf import settings

from crews.spec import CrewSpec, SandboxChoice
from resources.models import McpServer, McpTool
from resources.selectors import mcp_tools_of
from runs import preflight
from runs.errors import BadRequest
from runs.images import images_of
from runs.tools import mcp, web_search
from sandbox.hardening import FLAVOURS
from teams.errors import CredentialUnreadable
from teams.models import Team

Json = Any


def check_search(spec: CrewSpec, *, team: Team) -> None:
    """Raise BadRequest where a role searches the web and the team has no engine for it."""
    for name, role in spec.roles.items():
        use = role.tool_use("web_search")
        if use is None:
            continue
        try:
            if web_search.engine_of(team, use.options) is not None:
                continue
        except CredentialUnreadable as lost:
            raise BadRequest(f"roles.{name}.tools: the key of web_search: {lost}") from None
        wanted = use.options.get("engine")
        what = f"'{wanted}'" if wanted else "a search engine"
        raise BadRequest(
            f"roles.{name}.tools: web_search needs {what}, and the team has none."
            " Add it in the settings, under Tools, or start a rehearsal."
        )


def check_tools(spec: CrewSpec, *, team: Team) -> None:
    """Raise BadRequest for a tool of an MCP server that a run would not start with."""
    tools_pin(spec, team=team, here=False)


def tools_pin(spec: CrewSpec, *, team: Team, here: bool) -> dict[str, Json]:
    """Return the tools of MCP servers that the roles list, as the team has accepted them.

    Raises BadRequest for one that the team does not have, or that changed since it was accepted.
    """
    wanted = {
        use.name: f"roles.{name}.tools"
        for name, role in spec.roles.items()
        for use in role.tools
        if use.name.startswith(mcp.PREFIX)
    }
    if not wanted:
        return {}
    known = {tool.full_name: tool for tool in mcp_tools_of(team)}
    for full_name, place in wanted.items():
        _check_tool(full_name, known.get(full_name), place, here=here)
    return {full_name: mcp.pin_of(known[full_name]) for full_name in wanted}


def _check_tool(full_name: str, tool: McpTool | None, place: str, *, here: bool) -> None:
    if tool is None:
        raise BadRequest(
            f"{place}: the team has no tool '{full_name}'. Add its server in the settings, under"
            " Tools, and choose the tool there."
        )
    if tool.gone or tool.changed is not None:
        what = "no longer offers" if tool.gone else "has changed"
        raise BadRequest(
            f"{place}: the server '{tool.server}' {what} '{tool.name}' since it was accepted."
            " Look at it in the settings, under Tools."
        )
    if not tool.server.url:
        _check_sandbox(tool.server, place, here=here)


def _check_sandbox(server: McpServer, place: str, *, here: bool) -> None:
    image = server.image or SandboxChoice().image
    if image not in FLAVOURS and not images_of(server.team).filter(name=image).exists():
        raise BadRequest(
            f"{place}: the server '{server}' runs in a sandbox of the image '{image}', which is"
            " not on the team's list. Add it in the settings, under Sandboxes."
        )
    status = preflight.sandbox_status() if settings.EMBEDDED or here else None
    if status is not None and not status.available:
        raise BadRequest(f"{place}: the server '{server}' runs in a sandbox. {status.reason}")
