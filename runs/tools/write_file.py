from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

INFO = ToolInfo(
    name="write_file",
    effects=("write",),
    title="Write a file",
    description="Write a text file in your sandbox's /workspace; missing folders are made, an"
    " old file is replaced.",
    parameters={
        "type": "object",
        "required": ["path", "content"],
        "additionalProperties": False,
        "properties": {
            "path": {"type": "string", "description": "Relative to /workspace."},
            "content": {"type": "string"},
        },
    },
    capability="file_management",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    data = arguments["content"].encode(errors="replace")
    sandbox = await context.sandbox()
    await sandbox.files.write(arguments["path"], data)
    return ToolOutput(
        text=f"Wrote {len(data)} bytes to {arguments['path']}.",
        data={"path": arguments["path"], "bytes": len(data)},
    )


TOOL = Tool(info=INFO, run=run, repeatable=True)
