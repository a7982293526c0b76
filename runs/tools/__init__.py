"""The tools: one file and one line here for each."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runs.tools import (
    ask_human,
    http_get,
    list_files,
    mcp,
    note,
    open_preview,
    read_file,
    read_notes,
    run_checks,
    run_python,
    search_documents,
    shell,
    web_search,
    write_file,
)
from runs.tools.base import Tool

TOOLS: dict[str, Tool] = {
    tool.info.name: tool
    for tool in (
        ask_human.TOOL,
        http_get.TOOL,
        list_files.TOOL,
        note.TOOL,
        open_preview.TOOL,
        read_file.TOOL,
        read_notes.TOOL,
        run_checks.TOOL,
        run_python.TOOL,
        search_documents.TOOL,
        shell.TOOL,
        web_search.TOOL,
        write_file.TOOL,
    )
}


def tool_find(name: str, pinned: Mapping[str, Any]) -> Tool | None:
    """Return a tool by the name in a document: one of ours, or one of the team's servers as the
    run pinned it."""
    if name.startswith(mcp.PREFIX):
        return mcp.tool_of(name, pinned[name]) if name in pinned else None
    return TOOLS.get(name)


_OFFERED = re.compile(r"[A-Za-z0-9_-]{1,64}")


def offered_names(names: Iterable[str]) -> dict[str, str]:
    """Return the names under which models are told of tools, by the tools' own: providers take
    64 letters, digits, - and _, and no dots."""
    taken: dict[str, str] = {}
    for name in names:
        offered = name
        if not _OFFERED.fullmatch(name) or name in taken.values():
            offered = re.sub(r"[^A-Za-z0-9_-]", "_", name)
            if len(offered) > 64 or offered in taken.values():
                offered = f"{offered[:55]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        taken[name] = offered
    return taken
