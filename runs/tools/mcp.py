"""The tools of a team's MCP servers, as a run pinned them when it began."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from crews.catalog import ToolInfo
from crews.spec import SandboxChoice
from resources.errors import ServerFailed
from resources.models import McpTool
from resources.services import Reach, server_reach
from runs.masking import secrets_of, without
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from teams.errors import CredentialUnreadable

PREFIX: Final = "mcp."
ADVICE: Final = "Look at the server in the team's settings, under Tools."


def info_of(tool: McpTool) -> ToolInfo:
    """Return how the catalog lists a tool of a server."""
    return _info(tool.full_name, tool.definition, tool.approval)


def pin_of(tool: McpTool) -> dict[str, Json]:
    """Return what a run keeps of a tool: all that its models are told, and its digest."""
    return {
        "server": tool.server.slug,
        "name": tool.name,
        "title": tool.definition["title"],
        "description": tool.definition["description"],
        "parameters": tool.definition["parameters"],
        "digest": tool.digest,
        "approval": tool.approval,
    }


def tool_of(full_name: str, pin: Mapping[str, Json]) -> Tool:
    """Return a pinned tool. What it did is not known after a crash, so a person is asked."""
    info = _info(full_name, pin, pin["approval"])
    return Tool(info=info, run=partial(_run, pin))


def _info(full_name: str, told: Mapping[str, Json], approval: str) -> ToolInfo:
    return ToolInfo(
        name=full_name,
        title=told["title"] or full_name.removeprefix(PREFIX),
        description=told["description"],
        parameters=told["parameters"],
        approval="never" if approval == "never" else "always",
    )


async def _run(
    pin: Mapping[str, Json], context: ToolContext, arguments: dict[str, Json]
) -> ToolOutput:
    if context.rehearsal:
        text = f"Rehearsal — '{pin['name']}' of the server '{pin['server']}' was not called."
        return ToolOutput(text=text, data={"rehearsal": True})
    try:
        reach = await context.read(partial(server_reach, team=context.team, slug=pin["server"]))
    except CredentialUnreadable as lost:
        return _failed(str(lost))
    if reach is None:
        return _failed(f"The team has no server '{pin['server']}' any more.")
    return await _call(pin, reach, context, arguments)


async def _call(
    pin: Mapping[str, Json], reach: Reach, context: ToolContext, arguments: dict[str, Json]
) -> ToolOutput:
    # imported here: the SDK takes a second, and most runs call no server
    from resources.mcp.client import ToolChanged, tool_call
    from resources.mcp.transports import in_sandbox, over_http

    # `Bearer …` is repeated with the word or without it.
    values = reach.secrets.values()
    secrets = secrets_of(part for value in values for part in (value, *value.split()))
    if reach.url:
        transport = over_http(reach.url, reach.secrets)
    else:
        # Its own, so that no command of a role can read the server's secrets.
        choice = SandboxChoice(image=reach.image)
        sandbox = await context.sandbox_beside(f"mcp-{pin['server']}", choice)
        transport = in_sandbox(sandbox, reach.command, reach.secrets)
    try:
        answer = await tool_call(
            transport, name=pin["name"], arguments=arguments, digest=pin["digest"]
        )
    except ToolChanged as changed:
        text = (
            f"{changed} It was not called: the run began with another description or other"
            " parameters. A person must look at it in the team's settings, under Tools, and"
            " accept the change; runs that begin after that use it."
        )
        return ToolOutput(text=f"Error: {text}", data={"changed": True}, is_error=True)
    except ServerFailed as failed:
        told = without(secrets, str(failed))
        return _failed(f"{told} Whether '{pin['name']}' happened is not known.")
    text, data = without(secrets, [answer.text, answer.data])
    return ToolOutput(text=text, data=data, is_error=answer.is_error)


def _failed(text: str) -> ToolOutput:
    return ToolOutput(text=f"Error: {text} {ADVICE}", is_error=True)
