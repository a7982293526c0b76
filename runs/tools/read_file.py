from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

MAX_BYTES = 200_000

INFO = ToolInfo(
    name="read_file",
    title="Read a file",
    description="Read a text file of your sandbox's /workspace.",
    parameters={
        "type": "object",
        "required": ["path"],
        "additionalProperties": False,
        "properties": {"path": {"type": "string", "description": "Relative to /workspace."}},
    },
    capability="file_management",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    data = await sandbox.files.read(arguments["path"], max_bytes=MAX_BYTES)
    return ToolOutput(
        text=data.decode(errors="replace"), data={"path": arguments["path"], "bytes": len(data)}
    )


TOOL = Tool(info=INFO, run=run, repeatable=True)
