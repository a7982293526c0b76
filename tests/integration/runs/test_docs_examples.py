"""The examples of docs/adding-a-pattern.md and adding-a-provider.md: one file, one line, and a crew
uses it."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from runs import catalog as installed
from runs.credential_checks import checks_register
from runs.patterns import PATTERNS
from runs.providers import PROVIDERS
from teams import providers as offered
from teams.services import credential_set
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import document, model_role, steps
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Stage

DOCS = Path(__file__).parents[3] / "docs"


def example(page: str, file: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module that a page of the documentation shows."""
    text = (DOCS / page).read_text()
    found = re.search(rf"```python\n# {re.escape(file)}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    module = ModuleType(file.removesuffix(".py").replace("/", "."))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(found[1], page, "exec"), module.__dict__)  # noqa: S102 (our own document)
    return module


@pytest.fixture
def fresh_catalog() -> Iterator[None]:
    installed._installed.cache_clear()
    yield
    installed._installed.cache_clear()


def test_the_example_of_a_pattern_works(
    stage: Stage, fresh_catalog: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "runs/patterns/second_opinion.py"
    module = example("adding-a-pattern.md", file, monkeypatch)
    monkeypatch.setitem(PATTERNS, "second_opinion", module.PATTERN)
    roles = {
        name: model_role(seat, instructions=f"You are {name}.")
        for name, seat in (("a", "adviser"), ("b", "adviser"), ("c", "judge"))
    }
    crew = document("second_opinion", roles)
    stage.server.rules = [Rule(reply=Reply(text="yes"))]
    played = stage.play(crew)
    assert (played.output, len(stage.server.calls)) == ("yes", 2)
    stage.server.rules = [
        Rule(anywhere="You are a.", reply=Reply(text="no")),
        Rule(anywhere="You are c.", reply=Reply(text="it depends")),
        Rule(reply=Reply(text="yes")),
    ]
    played = survives_kills(stage, crew, branches=2, every=3)
    assert played.output == "it depends"
    assert replayed(played) > 0


def test_the_example_of_a_provider_works(
    stage: Stage, fresh_catalog: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = example("adding-a-provider.md", "runs/providers/parrot.py", monkeypatch)
    monkeypatch.setitem(PROVIDERS, "parrot", module.provider)
    monkeypatch.setattr(offered, "PROVIDERS", dict(offered.PROVIDERS))
    monkeypatch.setattr("runs.credential_checks.OFFERED", offered.PROVIDERS)
    checks_register()
    assert "parrot" in offered.providers_for("models")
    credential_set(team=stage.team, provider="parrot", api_key="polly")
    played = stage.play(steps(2, {"provider": "parrot", "name": "grey"}), "say this")
    assert played.run.status == "finished", played.error
    assert "SAY THIS" in played.output
    assert played.run.unpriced
