"""The example of docs/adding-a-tool.md: one file, one line, and a crew uses it."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crews.lint import crew_lint
from crews.spec import CrewSpec
from runs import catalog as installed
from runs.tools import TOOLS
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import desk
from tests.integration.runs.playing import Stage

DOCS = Path(__file__).parents[3] / "docs" / "adding-a-tool.md"


@pytest.fixture
def word_count(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tool of the example, from its file, with its line in the registry."""
    found = re.search(
        r"```python\n# runs/tools/word_count\.py\n(.*?)```", DOCS.read_text(), re.DOTALL
    )
    assert found is not None
    module = ModuleType("runs.tools.word_count")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(found[1], str(DOCS), "exec"), module.__dict__)  # noqa: S102 (our own document)
    monkeypatch.setitem(TOOLS, "word_count", module.TOOL)
    installed._installed.cache_clear()
    yield module.TOOL
    installed._installed.cache_clear()


def test_the_example_of_a_tool_works(stage: Stage, word_count: Any) -> None:
    document = desk(lead={"tools": [{"name": "word_count", "options": {"least": 4}}]})
    call = {"name": "word_count", "arguments": {"text": "one three seven"}}
    stage.server.rules = [Rule(times=1, reply=Reply(tool_calls=(call,)))]
    played = stage.play(document)
    output = played.action("lead/tools/own/word_count")[-1]["payload"]["output"]
    assert output == {"text": "2", "words": 2}


def test_its_options_are_checked_with_the_document(word_count: Any) -> None:
    document = desk(lead={"tools": [{"name": "word_count", "options": {"least": 0}}]})
    (found,) = [
        problem
        for problem in crew_lint(CrewSpec.model_validate(document), installed.catalog())
        if problem.severity == "error"
    ]
    assert found.path == "roles.lead.tools.0.options.least"
