"""Names of files with wildcards, as a handoff's `artifacts` give them. Pure."""

from functools import cache
from typing import Any

import re2

from crews.payload_rules import linear_regex


def glob_matches(pattern: str, path: str) -> bool:
    """Say whether a relative path fits a pattern: `*` and `?` within a name, `[…]` one of these,
    `**` any folders. A pattern without `/` fits the name of a file in any folder; one that names a
    folder (`data/`) fits all in it."""
    return _compiled(pattern).fullmatch(path.encode(errors="replace").decode()) is not None


def glob_fault(pattern: str) -> str:
    """Return why a pattern can never fit a file of a workspace, or nothing."""
    if not pattern.strip():
        return "it is empty"
    if pattern.startswith("/"):
        return "it must be relative to /workspace"
    if ".." in pattern.split("/"):
        return "it must not lead out of /workspace"
    try:
        _compiled(pattern)
    except re2.error:
        return "what stands in [ ] cannot be read"
    return ""


@cache
def _compiled(pattern: str) -> Any:
    pattern = pattern.removeprefix("./")
    if pattern.endswith("/"):
        pattern += "**"
    elif "/" not in pattern:
        pattern = f"**/{pattern}"
    text, n = "", 0
    while n < len(pattern):
        if pattern.startswith("**/", n):
            text, n = f"{text}(?:[^/]+/)*", n + 3
        elif pattern.startswith("**", n):
            text, n = f"{text}.*", n + 2
        elif pattern[n] == "[" and (end := pattern.find("]", n + 2)) > 0:
            inner = pattern[n + 1 : end].replace("\\", "\\\\").replace("[", "\\[")
            inner = f"^/{inner[1:]}" if inner[0] == "!" else inner
            text, n = f"{text}[{inner}]", end + 1
        else:
            text += {"*": "[^/]*", "?": "[^/]"}.get(pattern[n], re2.escape(pattern[n]))
            n += 1
    return linear_regex(f"(?s){text}")
