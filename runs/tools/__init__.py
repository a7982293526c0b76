"""The tools: one file and one line here for each."""

from runs.tools import ask_human, list_files, read_file, run_checks, run_python, shell, write_file
from runs.tools.base import Tool

TOOLS: dict[str, Tool] = {
    tool.info.name: tool
    for tool in (
        ask_human.TOOL,
        list_files.TOOL,
        read_file.TOOL,
        run_checks.TOOL,
        run_python.TOOL,
        shell.TOOL,
        write_file.TOOL,
    )
}


def tool_get(name: str) -> Tool:
    """Return a tool by name. Raises LookupError that lists the choices."""
    try:
        return TOOLS[name]
    except KeyError:
        raise LookupError(f"There is no tool '{name}'; there are {', '.join(TOOLS)}.") from None
