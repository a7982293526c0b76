"""What is said of a crew before it runs, and that no run costs more than was said."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from crews.library import library_entries
from crews.models import Crew
from crews.services import crew_create
from crews.spec import CrewSpec
from runs.readiness.checks import readiness
from runs.readiness.forecast import Forecast, forecast
from runs.services import ModelPins
from teams.services import api_key_create
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.playing import Stage

Json = Any
PRICED = {"provider": "openai", "name": "gpt-4.1-mini", "max_tokens": 200}


def desk(**limits: Json) -> Json:
    roles = {
        "lead": model_role("orchestrator", model=PRICED),
        "writer": model_role("worker", model={**PRICED, "name": "gpt-4.1"}),
    }
    return document("hierarchical", roles) | {"limits": limits}


def told(stage: Stage, crew: Json, past: Crew | None = None) -> Forecast:
    spec = CrewSpec.model_validate(crew)
    choose = ModelPins(stage.team, rehearsal=False, environment=False)
    models = {n: choose.pin(n, role.model) for n, role in spec.roles.items() if role.model}
    return forecast(spec, models, past)


def test_the_worst_case_is_the_smallest_limit(stage: Stage) -> None:
    assert told(stage, desk()).worst is None
    assert told(stage, desk(cost_usd="0.50")).worst == Decimal("0.50")
    by_tokens = told(stage, desk(cost_usd="50.00", tokens=100_000))
    assert by_tokens.bounded_by == "limits.tokens"
    assert by_tokens.worst == Decimal("0.8")  # at the dearest role's price of a written token
    crew = desk(cost_usd="50.00")
    for role in crew["roles"].values():
        role["limits"] = {"cost_usd": "0.10"}
    assert (told(stage, crew).worst, told(stage, crew).bounded_by) == (
        Decimal("0.20"),
        "the limits of the roles",
    )


def test_what_is_expected_comes_from_past_runs(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="done"))]
    crew = desk(cost_usd="1.00")
    guess = told(stage, crew)
    assert (guess.basis, guess.dominant) == ("the document alone", "writer")
    played = stage.play(crew)
    assert played.run.status == "finished", played.error
    after = told(stage, crew, played.run.crew)
    assert (after.basis, after.dominant) == ("one run", "lead")
    assert 0 < after.expected < 1
    assert after.roles[0].expected > after.roles[1].expected == 0


@pytest.mark.parametrize("budget", ["0.0004", "0.001", "1.00"])
def test_no_run_costs_more_than_the_worst_case(stage: Stage, budget: str) -> None:
    crew = desk(cost_usd=budget, on_reached="end")
    stage.server.rules = [Rule(reply=Reply(text="word " * 40))]
    worst = told(stage, crew).worst
    played = stage.play(crew, "x" * 400)
    assert worst is not None
    assert played.run.cost_usd <= worst


def test_what_is_missing_is_named(stage: Stage) -> None:
    crew = desk()
    crew["roles"]["writer"]["model"] = {"provider": "openai", "name": "x", "credential": "other"}
    found = readiness(team=stage.team, spec=CrewSpec.model_validate(crew), crew=None)
    assert not found.ready
    (lacking,) = [check for check in found.needs if check.state == "error"]
    assert "no credential 'other'" in lacking.detail
    budget = next(check for check in found.production if check.name == "budget")
    assert (budget.state, budget.path) == ("warning", "limits")


def test_a_budget_below_what_is_expected_is_named(stage: Stage) -> None:
    crew = CrewSpec.model_validate(desk(cost_usd="0.0001"))
    found = readiness(team=stage.team, spec=crew, crew=None)
    (budget,) = (check for check in found.production if check.name == "budget")
    assert budget.state == "warning"
    assert budget.detail.endswith("may cost at most $0.0001, by limits.cost_usd.")


def test_b9_c10_the_checklists_have_all_their_items(stage: Stage) -> None:
    found = readiness(team=stage.team, spec=CrewSpec.model_validate(desk()), crew=None)
    assert (len(found.production), len(found.team_of_agents)) == (12, 10)
    assert len({check.name for check in found.production}) == 12


def test_over_rest(stage: Stage, client: Client) -> None:
    key = api_key_create(team=stage.team, user=stage.user, name="test")
    headers = {"Authorization": f"Bearer {key}"}
    crew = crew_create(team=stage.team, user=stage.user, document=desk())
    body = {"document": desk(cost_usd="0.30"), "crew": str(crew.pk)}
    answer = client.post(
        "/api/v1/preflight", json.dumps(body), content_type="application/json", headers=headers
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["ready"]
    assert answer.json()["forecast"]["worst"] == "0.30"
    broken = {"document": {"callsheet": 1, "name": "x", "roles": []}}
    refused = client.post(
        "/api/v1/preflight", json.dumps(broken), content_type="application/json", headers=headers
    )
    assert refused.status_code == 422


def test_every_template_has_a_bound_on_its_cost(stage: Stage) -> None:
    for entry in library_entries():
        if any(role.kind == "model" for role in entry.spec.roles.values()):
            assert entry.spec.limits.cost_usd is not None, entry.slug


def test_on_the_command_line(
    transactional_db: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with pytest.raises(SystemExit) as ended:
        call_command("preflight_crew", "support-router")
    assert ended.value.code == 0
    assert "$0.20 at most (limits.cost_usd)" in capsys.readouterr().out


def test_crews_inside_count_before_they_are_published(stage: Stage) -> None:
    inner = document("pipeline", {n: model_role("stage", model=PRICED) for n in "ab"})
    inner |= {"name": "Inner", "handoffs": [{"from": "a", "to": "b"}]}
    crew_create(team=stage.team, user=stage.user, document=inner)
    crew = desk(cost_usd="5.00", tokens=100_000)
    crew["roles"]["desk"] = {"seat": "worker", "kind": "crew", "crew": {"slug": "inner"}}
    for name in ("lead", "writer"):
        crew["roles"][name]["limits"] = {"cost_usd": "0.01"}
    found = readiness(team=stage.team, spec=CrewSpec.model_validate(crew), crew=None)
    assert found.ready
    assert found.forecast is not None
    # Nothing but the run's own limits bounds what the crew inside may cost.
    assert found.forecast.bounded_by == "limits.tokens"
    assert {"desk/a", "desk/b"} < {role.role for role in found.forecast.roles}
    crew["roles"]["desk"]["crew"] = {"slug": "inner", "version": 2}
    lacking = readiness(team=stage.team, spec=CrewSpec.model_validate(crew), crew=None).needs
    assert any("has no version 2" in check.detail for check in lacking if check.state == "error")
