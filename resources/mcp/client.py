"""Calling MCP servers, by the official SDK: each call is a connection of its own, and what comes
back is data of bounded size.

Imports the SDK, which takes a second: import this only where a server is called.
"""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
import mcp_types
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from crews.strict_json import Refused, check_json
from resources.errors import ServerFailed
from resources.mcp.definitions import Definition, definition_of

Json = Any
Transport = AbstractAsyncContextManager[Any]
LIST_S: Final = 30.0
CALL_S: Final = 120.0
MOST_TOOLS: Final = 500
MOST_PAGES: Final = 50
MAX_TEXT: Final = 50_000
MAX_DATA: Final = 100_000


class ToolChanged(Exception):
    """The server's tool is not the one that was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a tool answered: text for the model, the structured content besides."""

    text: str
    data: dict[str, Json] = field(default_factory=dict)
    is_error: bool = False


async def tools_list(transport: Transport) -> list[Definition]:
    """Return the tools of a server. Raises ServerFailed."""
    async with _connected(transport, LIST_S) as client:
        return [tool async for tool in _tools(client)]


async def tool_call(
    transport: Transport,
    *,
    name: str,
    arguments: dict[str, Json],
    digest: str,
    seconds: float = CALL_S,
) -> Answer:
    """Call a tool, if it is still the one with this digest.

    Raises:
        ToolChanged: it is not; nothing was called.
        ServerFailed: no answer, so nobody knows whether it happened, or none of the protocol.
    """
    async with _connected(transport, seconds) as client:
        async for tool in _tools(client):
            if tool.name == name:
                if tool.digest != digest:
                    raise ToolChanged(f"The server has changed the tool '{name}'.")
                return _answer(await client.call_tool(name, arguments))
    raise ToolChanged(f"The server no longer has a tool '{name}'.")


@asynccontextmanager
async def _connected(transport: Transport, seconds: float) -> AsyncIterator[Client]:
    """Yield a session. Whatever goes wrong with it is a ServerFailed."""
    try:
        with anyio.fail_after(seconds):
            async with Client(transport, cache=None, read_timeout_seconds=seconds) as client:
                yield client
    except Exception as error:  # noqa: BLE001 (the SDK's own, its transports', groups of them)
        for told in _leaves(error):
            if isinstance(told, ToolChanged):
                raise told from None
        raise ServerFailed(_why(error, seconds)) from None


async def _tools(client: Client) -> AsyncIterator[Definition]:
    cursor: str | None = None
    count = 0
    for _ in range(MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            count += 1
            if count > MOST_TOOLS:
                raise ServerFailed(f"The server has more than {MOST_TOOLS} tools.")
            title = tool.title or (tool.annotations.title if tool.annotations else None) or ""
            yield definition_of(tool.name, title, tool.description or "", tool.input_schema)
        cursor = page.next_cursor
        if not cursor:
            return
    raise ServerFailed("The server's list of tools does not end.")


def _answer(result: mcp_types.CallToolResult) -> Answer:
    text = "\n".join(_block(block) for block in result.content).replace("\0", "\ufffd")
    data: dict[str, Json] = {}
    if result.structured_content is not None:
        try:
            check_json(result.structured_content)
            said = json.dumps(result.structured_content, ensure_ascii=False)
        except (Refused, ValueError):
            data["left_out"] = "the structured content, which is no proper JSON"
        else:
            if len(said) > MAX_DATA:
                data["left_out"] = f"{len(said)} characters of structured content"
            else:
                data["structured"] = result.structured_content
            text = text or said
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}\n… {len(text) - MAX_TEXT} characters left out"
    text = text.encode("utf-8", "replace").decode()
    return Answer(text=text or "(no content)", data=data, is_error=result.is_error)


def _block(block: Any) -> str:
    if isinstance(block, mcp_types.TextContent):
        return block.text
    if isinstance(block, mcp_types.ResourceLink):
        return f"{block.name}: {block.uri}"
    if isinstance(block, mcp_types.EmbeddedResource):
        resource = block.resource
        if isinstance(resource, mcp_types.TextResourceContents):
            return f"{resource.uri}\n{resource.text}"
        return f"({resource.uri}: content that is no text is not shown)"
    return f"({block.type} is not shown)"


def _why(error: BaseException, seconds: float) -> str:
    for told in _leaves(error):
        if isinstance(told, ServerFailed):
            return str(told)
        if isinstance(told, TimeoutError):
            return f"The server did not answer within {seconds:g} seconds."
        if isinstance(told, MCPError):
            return f"The server answered with an error: {str(told)[:500]}"
        if isinstance(told, ValidationError):
            wrong = told.errors()[0]
            place = ".".join(str(part) for part in wrong["loc"])
            return f"The server answered with what is no MCP: {place[:200]}: {wrong['msg'][:200]}."
    told = _leaves(error)[0]
    return f"The server cannot be reached: {str(told)[:300] or type(told).__name__}"


def _leaves(error: BaseException) -> list[BaseException]:
    """Return the errors in groups of them, and those behind others, the outermost first."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in _leaves(inner)]
    behind = error.__cause__
    return [error, *(_leaves(behind) if behind is not None else [])]
