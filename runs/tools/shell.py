from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from runs.tools.commands import told

INFO = ToolInfo(
    name="shell",
    title="Shell",
    description="Run a shell command in your sandbox, in /workspace, without network, and get"
    " its output.",
    parameters={
        "type": "object",
        "required": ["command"],
        "additionalProperties": False,
        "properties": {"command": {"type": "string"}},
    },
    capability="code_execution",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    result = await sandbox.run(
        arguments["command"],
        on_output=lambda _, data: context.show(data.decode(errors="replace")),
        key=context.action,
    )
    return told(result)


TOOL = Tool(info=INFO, run=run, repeatable=True)
