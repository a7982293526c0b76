from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from runs.tools.commands import told

INFO = ToolInfo(
    name="run_python",
    title="Run Python",
    description="Run a Python program in your sandbox, in /workspace, and get its output. It has no"
    " network, but for hosts that your crew may allow.",
    parameters={
        "type": "object",
        "required": ["code"],
        "additionalProperties": False,
        "properties": {
            "code": {
                "type": "string",
                "description": "The whole program; print what you want to see.",
            }
        },
    },
    capability="code_execution",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    result = await sandbox.run_code(
        "python",
        arguments["code"],
        on_output=context.output,
        key=context.action,
    )
    return told(result)


TOOL = Tool(info=INFO, run=run, repeatable=True, runs_commands=True)
