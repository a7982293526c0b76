"""Constraints of a role that code enforces: told to the model like all others, and besides, tools
that they forbid are not offered to it, and calls of them are refused. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from crews.catalog import ToolInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A constraint that is known by its words: `pattern` is a regular expression that Python and
    JavaScript read alike, found anywhere in the text in lower case. `forbids` are effects of
    tools."""

    name: str
    summary: str
    pattern: str
    forbids: frozenset[str]

    def found_in(self, constraint: str) -> bool:
        return re.search(self.pattern, constraint.lower()) is not None


_NOT = r"\b(no|not|never|without|cannot|can't|don't|mustn't)\b"
RULES = (
    Rule(
        name="no code execution",
        summary="No tool that executes code.",
        pattern=_NOT + r"( \w+){0,2} (code execution|(execut|run)\w* (\w+ )?"
        r"(code|programs?|commands?|scripts?)|(code|shell) tools?)\b",
        forbids=frozenset({"code"}),
    ),
    Rule(
        name="read only",
        summary="No tool that changes files, and none that executes code, which could.",
        pattern=r"\bread-only\b|\bread only( access| mode)?$|" + _NOT + r"( \w+){0,2} "
        r"((writ|chang|modif|edit|delet|creat)\w* (\w+ )?files?|write access|file writes)\b",
        forbids=frozenset({"code", "write"}),
    ),
    Rule(
        name="no network",
        summary="No tool that reaches the network, and no host for its sandbox.",
        pattern=_NOT + r"( \w+){0,4} (network|internet|web access|web)\b(?! ?(page|site|app))"
        r"|^offline\b",
        forbids=frozenset({"network"}),
    ),
)


def rules_of(constraints: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules that a role's constraints name."""
    told = list(constraints)
    return tuple(rule for rule in RULES if any(rule.found_in(text) for text in told))


def forbidden_by(constraints: Iterable[str], tool: ToolInfo) -> Rule | None:
    """Return the rule by which a role's constraints forbid a tool, if one does."""
    effects = effects_of(tool)
    return next((rule for rule in rules_of(constraints) if rule.forbids & effects), None)


def effects_of(tool: ToolInfo) -> frozenset[str]:
    """Return what a tool can do: `code`, `write`, `network`. One of another server can do what
    that server can, which nobody here knows."""
    effects = set(tool.effects)
    if tool.capability == "code_execution":
        effects |= {"code", "write"}
    if tool.name.startswith("mcp."):
        effects |= {"network", "write"}
    return frozenset(effects)
