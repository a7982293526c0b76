import asyncio

from crews.catalog import ToolInfo
from runs.previews.table import TooManyPreviews
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from sandbox.api import Sandbox
from sandbox.errors import TunnelRefused

INFO = ToolInfo(
    name="open_preview",
    title="Open a preview",
    description="Show people what a service in your sandbox serves over HTTP: the page of the run"
    " gets a link that opens it. Start the service first, with `shell` and `background`.",
    parameters={
        "type": "object",
        "required": ["port", "title"],
        "additionalProperties": False,
        "properties": {
            "port": {
                "type": "integer",
                "minimum": 1,
                "maximum": 65535,
                "description": "The port that the service listens on, on 127.0.0.1 or 0.0.0.0.",
            },
            "title": {
                "type": "string",
                "minLength": 1,
                "maxLength": 200,
                "description": "What people will see there, in a few words.",
            },
        },
    },
    capability="code_execution",
    needs_sandbox=True,
)
STARTING_S = 5.0
ANSWER_S = 5.0


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    port, title = int(arguments["port"]), " ".join(arguments["title"].split())
    sandbox = await context.sandbox()
    try:
        answer = await _answer(sandbox, port)
        number = await context.open_preview(port, title)
    except TunnelRefused:
        return ToolOutput(
            text=f"Nothing listens on port {port} in your sandbox. Start the service with `shell`"
            " and `background`, then open the preview again.",
            is_error=True,
        )
    except TooManyPreviews as refused:
        return ToolOutput(text=str(refused), is_error=True)
    where = "can be opened on the page of the run"
    if not context.shows_previews:
        where = "is noted, but cannot be opened: the run is not driven by a Callsheet server"
    return ToolOutput(
        text=f"Preview {number}, “{title}”, {where}. {answer}",
        data={"preview": {"number": number, "port": port, "title": title}},
    )


async def _answer(sandbox: Sandbox, port: int) -> str:
    """Ask the service for its first page and return how it answers. Raises TunnelRefused where it
    does not start to listen in time."""
    give_up = asyncio.get_running_loop().time() + STARTING_S
    while True:
        try:
            reader, writer = await sandbox.open_tunnel(port)
            break
        except TunnelRefused:
            if asyncio.get_running_loop().time() > give_up:
                raise
            await asyncio.sleep(0.2)
    try:
        writer.write(
            f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        async with asyncio.timeout(ANSWER_S):
            line = (await reader.readline()).decode(errors="replace").strip()
    except (TimeoutError, ValueError, ConnectionError):
        return "It accepts connections, but has not answered `GET /` within five seconds."
    finally:
        writer.close()
    if not line.startswith("HTTP/"):
        return "It accepts connections, but does not answer `GET /` in HTTP."
    return f"It answers `GET /` with {line[:100]}"


TOOL = Tool(info=INFO, run=run, repeatable=True)
