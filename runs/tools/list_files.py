from itertools import accumulate

from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput

MAX_FILES = 500
SHOWN = 40_000

INFO = ToolInfo(
    name="list_files",
    title="List files",
    description="List the files in your sandbox's /workspace with their sizes in bytes.",
    parameters={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "path": {"type": "string", "description": "A folder, relative to /workspace."}
        },
    },
    capability="file_management",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    files = await sandbox.files.list(arguments.get("path") or ".", recursive=True)
    lines = [f"{file.size:>10}  {file.path}" for file in files if file.kind == "file"]
    lengths = accumulate(len(line) for line in lines[:MAX_FILES])
    shown = sum(length <= SHOWN for length in lengths)
    more = f"\n… and {len(lines) - shown} more" if len(lines) > shown else ""
    return ToolOutput(
        text="\n".join(lines[:shown]) + more or "There are no files.",
        data={"files": len(lines)},
    )


TOOL = Tool(info=INFO, run=run, repeatable=True)
