"""Which constraints of a role code enforces, and what that makes of its tools (A10)."""

import pytest

from crews.catalog import Catalog, ToolInfo
from crews.constraints import effects_of, rules_of
from crews.lint import crew_lint
from crews.spec import CrewSpec

CATALOG = Catalog(
    tools=(
        ToolInfo(
            name="shell", title="", description="", parameters={}, capability="code_execution"
        ),
        ToolInfo(name="fetch", title="", description="", parameters={}, effects=("network",)),
        ToolInfo(name="look", title="", description="", parameters={}),
    )
)


@pytest.mark.parametrize(
    ("constraint", "rule"),
    [
        ("no code execution", "no code execution"),
        ("Never execute code.", "no code execution"),
        ("never run shell commands", "no code execution"),
        ("you may not run any code", "no code execution"),
        ("read only", "read only"),
        ("Read-only access", "read only"),
        ("must not write files", "read only"),
        ("do not modify any files", "read only"),
        ("there is no network", "no network"),
        ("no tool calls over the network", "no network"),
        ("do not use the internet", "no network"),
        ("there is no web access", "no network"),
        ("write no code", None),
        ("read only what you are given", None),
        ("never change the program", None),
        ("no web page is complete without a title", None),
        ("never invent a source", None),
    ],
)
def test_a10_constraints_that_a_rule_knows(constraint: str, rule: str | None) -> None:
    assert [found.name for found in rules_of([constraint])] == ([rule] if rule else [])


def test_a10_a_tool_of_another_server_can_do_what_nobody_here_knows() -> None:
    tool = ToolInfo(name="mcp.desk.search", title="", description="", parameters={})
    assert effects_of(tool) == {"network", "write"}


@pytest.mark.parametrize(
    ("role", "path", "severity"),
    [
        (
            {
                "tools": ["look", "shell"],
                "capabilities": ["code_execution"],
                "constraints": ["read only"],
            },
            "roles.a.tools.1",
            "warning",
        ),
        ({"tools": ["fetch"], "constraints": ["no network"]}, "roles.a.tools.0", "warning"),
        (
            {"constraints": ["no network"], "sandbox": {"network": ["example.com"]}},
            "roles.a.sandbox.network",
            "error",
        ),
        (
            {
                "kind": "code",
                "model": None,
                "program": {"source": "1"},
                "constraints": ["no code execution"],
            },
            "roles.a.constraints",
            "error",
        ),
    ],
)
def test_a10_what_contradicts_a_constraint_is_told(
    role: dict[str, object], path: str, severity: str
) -> None:
    spec = CrewSpec.model_validate(
        {
            "callsheet": 1,
            "name": "x",
            "pattern": {"name": "none"},
            "roles": {"a": {"seat": "s", "model": {"tier": "fast"}, **role}},
        }
    )
    told = [p for p in crew_lint(spec, CATALOG) if p.path == path]
    assert [p.severity for p in told] == [severity]
