import asyncio

from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from runs.tools.commands import told
from sandbox.api import Process

INFO = ToolInfo(
    name="shell",
    title="Shell",
    description="Run a shell command in your sandbox, in /workspace, and get its output. It has no"
    " network, but for hosts that your crew may allow. Whatever it leaves running ends with it:"
    " start a service with `background`.",
    parameters={
        "type": "object",
        "required": ["command"],
        "additionalProperties": False,
        "properties": {
            "command": {"type": "string"},
            "background": {
                "type": "boolean",
                "description": "Let it run on, as a service should, and answer after two seconds"
                " with what it has said so far. Send its output to a file to read more later.",
            },
        },
    },
    capability="code_execution",
    needs_sandbox=True,
)
WATCHED_S = 2.0


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    if arguments.get("background"):
        return await _watched(await sandbox.start(arguments["command"], key=context.action))
    result = await sandbox.run(
        arguments["command"],
        on_output=context.output,
        key=context.action,
    )
    return told(result)


async def _watched(process: Process) -> ToolOutput:
    """Tell how a background command began: a service that cannot start says so at once."""
    try:
        return told(await process.wait(WATCHED_S))
    except TimeoutError:
        pass
    out, err = await asyncio.gather(process.output("stdout"), process.output("stderr"))
    stdout, stderr = (piece.data[-4_000:].decode(errors="replace") for piece in (out, err))
    parts = ["it runs in the background"]
    parts += [f"{name}:\n{text}" for name, text in (("stdout", stdout), ("stderr", stderr)) if text]
    data = {"process": process.id, "stdout": stdout, "stderr": stderr}
    return ToolOutput(text="\n".join(parts), data=data)


TOOL = Tool(info=INFO, run=run, repeatable=True, runs_commands=True)
