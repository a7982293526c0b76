"""What lint finds, and where it puts it."""

from dataclasses import replace
from typing import Any

import pytest

from crews.catalog import KINDS, Catalog
from crews.edges import chain_order
from crews.lint import crew_lint
from crews.problems import Problem
from crews.spec import CrewSpec
from tests.unit.crews.examples import CATALOG, desk


def lint(document: dict[str, Any], catalog: Catalog = CATALOG) -> list[Problem]:
    return crew_lint(CrewSpec.model_validate(document), catalog)


def found(document: dict[str, Any]) -> dict[str, str]:
    """Return path to message of what is found."""
    return {item.path: item.message for item in lint(document)}


def code(seat: str) -> dict[str, Any]:
    return {"seat": seat, "kind": "code", "program": {"source": "print(1)"}}


def drawn(pattern: str, seat: str, names: str, *edges: str, **options: Any) -> dict[str, Any]:
    """Return a crew of one-letter roles with handoffs like "ab"."""
    return {
        "callsheet": 1,
        "name": "Drawn",
        "pattern": {"name": pattern, "options": options},
        "roles": {name: code(seat) for name in names},
        "handoffs": [{"from": edge[0], "to": edge[1]} for edge in edges],
    }


def test_a_good_crew_has_no_problems() -> None:
    assert lint(desk()) == []


def test_an_unknown_pattern_lists_the_choices() -> None:
    (problem,) = lint(desk(pattern={"name": "hierarchy"}))
    assert problem.path == "pattern.name"
    assert problem.allowed == ("hierarchical", "pipeline", "plan", "graph")
    assert problem.value == '"hierarchy"'


def test_seats() -> None:
    document = desk(pattern={"name": "hierarchical"}, handoffs=[], layout={})
    document["roles"] = {"a": code("orchestrator"), "b": code("orchestrator"), "c": code("boss")}
    problems = found(document)
    assert "no seat 'boss'" in problems["roles.c.seat"]
    assert problems["roles.b.seat"] == "The seat 'orchestrator' takes 1, and a has it."
    assert problems["roles"] == "The seat 'worker' needs a role; none is there."


def test_options_are_checked_by_the_patterns_schema() -> None:
    options = {"max_delegations": 0, "must_review": ["writer", "nobody"], "speed": 1}
    problems = found(desk(pattern={"name": "hierarchical", "options": options}))
    assert "1 or more" in problems["pattern.options.max_delegations"]
    assert "There is no role 'nobody'" in problems["pattern.options.must_review.1"]
    assert "Unknown field 'speed'" in problems["pattern.options"]


def test_tools_need_their_capability() -> None:
    document = desk()
    document["roles"]["writer"] |= {"capabilities": [], "tools": ["run_python", "teleport"]}
    document["roles"]["lead"]["tools"] = ["delegate_to_agent", "ask_human", "ask_human"]
    problems = {item.path: item for item in lint(document)}
    assert "needs the capability 'code_execution'" in problems["roles.writer.tools.0"].message
    assert problems["roles.writer.tools.1"].allowed == ("run_python", "ask_human")
    assert problems["roles.writer.tools.1"].role == "writer"
    assert problems["roles.lead.tools.2"].severity == "warning"
    assert "roles.lead.tools.0" not in problems


def test_only_models_use_tools() -> None:
    document = desk()
    document["roles"]["writer"] = code("worker") | {"tools": ["ask_human"]}
    assert "only models do" in found(document)["roles.writer.tools"]


def test_an_unknown_provider_lists_the_choices() -> None:
    document = desk()
    model = {"provider": "acme", "name": "x", "fallback": [{"provider": "acne", "name": "y"}]}
    document["roles"]["writer"]["model"] = model
    problems = found(document)
    assert "Choose anthropic" in problems["roles.writer.model.provider"]
    assert "roles.writer.model.fallback.0.provider" in problems


def test_a_kind_that_cannot_run_here_is_told() -> None:
    document = desk()
    document["roles"]["writer"] = {"seat": "worker", "kind": "crew", "crew": {"slug": "other"}}
    assert lint(document) == []
    (problem,) = lint(document, replace(CATALOG, kinds=KINDS[:2]))
    assert (problem.path, problem.severity) == ("roles.writer.kind", "warning")
    assert problem.message == "Roles of kind 'crew' cannot run here yet; model or code can."


def test_schemas_are_guarded_where_they_stand() -> None:
    document = desk(task={"schema": {"type": "object"}, "example": "text"})
    document["roles"]["writer"]["returns"] = {"properties": {"a": {"pattern": "(?=x)"}}}
    document["handoffs"][0]["schema"] = {"$ref": "#"}
    problems = {item.path: item for item in lint(document)}
    assert problems["roles.writer.returns.properties.a"].role == "writer"
    assert problems["handoffs.0.schema"].handoff == 0
    assert "must be an object" in problems["task.example"].message


def test_advice_comes_last_and_is_no_error() -> None:
    document = desk(limits={})
    document["roles"]["lead"]["instructions"] = "  "
    document["layout"]["gone"] = {"x": 0, "y": 0}
    problems = lint(document)
    assert [item.severity for item in problems] == ["warning", "advice", "advice"]
    assert [item.path for item in problems] == ["layout.gone", "roles.lead.instructions", "limits"]


@pytest.mark.parametrize(
    ("document", "path", "message"),
    [
        (drawn("pipeline", "stage", "abc", "ab"), "roles.c", "not on the chain a → b"),
        (drawn("pipeline", "stage", "ab", "ab", "ba"), "handoffs", "go round in a circle"),
        (drawn("pipeline", "stage", "abc", "ab", "ac"), "handoffs.1", "'a' hands over to 2 roles"),
        (drawn("pipeline", "stage", "abc", "ac", "bc"), "handoffs.0", "'c' gets from 2 roles"),
        (drawn("pipeline", "stage", "abc", "bc", "cb"), "roles.b", "not on the chain a"),
        (drawn("plan", "step", "abc", "ab", "bc", "cb"), "handoffs.2", "b → c → b"),
        (drawn("plan", "step", "abc", "bc", "cb"), "roles.c", "No handoff leads to 'c'"),
        (drawn("graph", "node", "ab", "ab", "ba"), "handoffs", "Every role waits"),
        (drawn("graph", "node", "ab", "ab", "bb", max_visits=None), "pattern.options", "b → b"),
        (drawn("hierarchical", "worker", "ab", "ab", "ab"), "handoffs.1", "already"),
    ],
)
def test_handoffs_that_a_pattern_cannot_use(
    document: dict[str, Any], path: str, message: str
) -> None:
    assert message in found(document)[path]


def test_a_gate_that_nobody_looks_at_is_told() -> None:
    document = drawn("graph", "node", "ab", "ab", "ab")
    document["handoffs"][1]["when"] = {"field": "passed", "equals": True}
    assert "neither the contract nor the gate" in found(document)["handoffs.1"]


@pytest.mark.parametrize(
    "document",
    [
        drawn("pipeline", "stage", "cab", "ab", "bc"),
        drawn("plan", "step", "abcd", "ab", "ac", "bd", "cd"),
        drawn("graph", "node", "abc", "ab", "bc", "cb"),
    ],
)
def test_handoffs_that_a_pattern_can_use(document: dict[str, Any]) -> None:
    assert found(document) == {}


def test_a_chain_is_ordered_by_its_handoffs() -> None:
    spec = CrewSpec.model_validate(drawn("pipeline", "stage", "cab", "ab", "bc"))
    assert chain_order(spec) == ["a", "b", "c"]


def test_roles_that_share_a_sandbox_agree_on_it() -> None:
    document = drawn("pipeline", "stage", "ab", "ab")
    document["roles"]["a"]["sandbox"] = {"shared": "desk", "memory_mb": 256}
    document["roles"]["b"]["sandbox"] = {"shared": "desk", "memory_mb": 512}
    assert "256. Say the same" in found(document)["roles.b.sandbox.memory_mb"]
    document["roles"]["b"]["sandbox"]["memory_mb"] = 256
    assert not found(document)


def test_nobody_else_reads_the_credential_of_a_command() -> None:
    document = drawn("pipeline", "stage", "ab", "ab")
    document["roles"]["a"] = {
        "seat": "stage",
        "kind": "command",
        "command": {"argv": ["agent"], "credential": "agent"},
        "sandbox": {"shared": "desk"},
    }
    assert "could read" in found(document)["roles.a.command.credential"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("/etc/passwd", "relative"),
        ("../other/*.csv", "lead out"),
        (" ", "empty"),
        ("[z-a].csv", "cannot be read"),
    ],
)
def test_files_to_hand_over_are_in_the_workspace(pattern: str, why: str) -> None:
    document = drawn("pipeline", "stage", "ab", "ab")
    document["handoffs"][0]["artifacts"] = ["*.csv", pattern]
    assert why in found(document)["handoffs.0.artifacts.1"]


def test_a_role_without_a_sandbox_has_no_files() -> None:
    document = drawn("pipeline", "stage", "ab", "ab")
    document["roles"]["a"] = {"seat": "stage", "kind": "human"}
    document["handoffs"][0]["artifacts"] = ["*.csv"]
    assert "no files to hand over" in found(document)["handoffs.0.artifacts"]


@pytest.mark.parametrize(
    ("escalation", "path", "severity"),
    [
        ({"assignee": "grace"}, "escalation.assignee", "error"),
        ({"default": "reject"}, "escalation.default", "warning"),
    ],
)
def test_an_escalation_that_cannot_come_about(
    escalation: dict[str, Any], path: str, severity: str
) -> None:
    (problem,) = lint(desk(escalation=escalation))
    assert (problem.path, problem.severity) == (path, severity)


def test_a_role_takes_its_deadline_from_the_crew() -> None:
    document = desk(escalation={"deadline_s": 60})
    next(iter(document["roles"].values()))["escalation"] = {"default": "approve"}
    assert lint(document) == []


def test_no_approval_is_promised_that_nobody_would_be_asked_for() -> None:
    document = desk()
    document["pattern"].setdefault("options", {})["delegation"] = "tags"
    lead = next(name for name, role in document["roles"].items() if role["seat"] == "orchestrator")
    document["roles"][lead]["tools"] = [{"name": "delegate_to_agent", "approval": "always"}]
    assert f"roles.{lead}.tools.0.approval" in found(document)
