"""What a document's parts take and give back."""

from typing import Any

import pytest
from pydantic import ValidationError

from crews.lint import crew_lint
from crews.spec import CrewSpec
from tests.unit.crews.examples import CATALOG, desk


def with_tools(*tools: Any) -> dict[str, Any]:
    document = desk()
    document["roles"]["lead"]["tools"] = list(tools)
    return document


def test_a_tool_is_a_name_or_more() -> None:
    tools = ["ask_human", {"name": "run_python", "approval": "always"}]
    spec = CrewSpec.model_validate(with_tools(*tools))
    lead = spec.roles["lead"]
    assert [(use.name, use.approval) for use in lead.tools] == [
        ("ask_human", None),
        ("run_python", "always"),
    ]
    assert spec.document()["roles"]["lead"]["tools"] == tools
    assert lead.tool_use("teleport") is None


def test_a_tool_that_only_names_itself_is_written_as_its_name() -> None:
    spec = CrewSpec.model_validate(with_tools({"name": "ask_human"}))
    assert spec.document()["roles"]["lead"]["tools"] == ["ask_human"]


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        ({"name": "ask_human", "approval": "sometimes"}, ("tools", 0, "approval")),
        ({"approval": "always"}, ("tools", 0, "name")),
        (7, ("tools", 0)),
    ],
)
def test_a_wrong_tool_is_named(tool: Any, place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        CrewSpec.model_validate(with_tools(tool))
    assert refused.value.errors()[0]["loc"] == ("roles", "lead", *place)


def test_options_that_a_tool_does_not_have_are_named() -> None:
    spec = CrewSpec.model_validate(with_tools({"name": "ask_human", "options": {"loud": True}}))
    found = {problem.path: problem.message for problem in crew_lint(spec, CATALOG)}
    assert "Unknown field 'loud'" in found["roles.lead.tools.0.options"]
