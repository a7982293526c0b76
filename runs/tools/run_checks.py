import json

from crews.catalog import ToolInfo
from runs.tools.base import Json, Tool, ToolContext, ToolOutput
from runs.tools.commands import told
from sandbox.api import Sandbox

COMMANDS = {
    "pytest": ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"],
    "ruff": ["python3", "-m", "ruff", "check", "--no-cache", "--output-format=concise"],
    "mypy": [
        "python3",
        "-m",
        "mypy",
        "--no-color-output",
        "--cache-dir=/tmp/mypy",
        "--ignore-missing-imports",
    ],
}
NO_TESTS = 5

INFO = ToolInfo(
    name="run_checks",
    title="Run checks",
    description="Run pytest, ruff and mypy on the files in your sandbox's /workspace and get a"
    " verdict for each.",
    parameters={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "path": {"type": "string", "description": "A file or folder, relative to /workspace."},
            "checks": {
                "type": "array",
                "items": {"enum": list(COMMANDS)},
                "minItems": 1,
                "uniqueItems": True,
            },
        },
    },
    capability="code_execution",
    needs_sandbox=True,
)


async def run(context: ToolContext, arguments: dict[str, Json]) -> ToolOutput:
    sandbox = await context.sandbox()
    path = arguments.get("path") or "."
    verdicts = {
        name: await _check(sandbox, context, name, path)
        for name in arguments.get("checks") or COMMANDS
    }
    passed = all(verdict["passed"] for verdict in verdicts.values())
    data = {"passed": passed, "checks": verdicts}
    return ToolOutput(text=json.dumps(data, indent=1), data=data, is_error=not passed)


async def _check(sandbox: Sandbox, context: ToolContext, name: str, path: str) -> dict[str, Json]:
    result = await sandbox.run(
        [*COMMANDS[name], "--", path],
        on_output=context.output,
        key=f"{context.action}/{name}",
    )
    output = told(result)
    passed = result.ok or (name == "pytest" and result.exit_code == NO_TESTS)
    return {"passed": passed, "exit_code": result.exit_code, "output": output.text}


TOOL = Tool(info=INFO, run=run, repeatable=True, runs_commands=True)
