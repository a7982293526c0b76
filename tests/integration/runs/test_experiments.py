"""Experiments: the same tasks through variants, checked and compared."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from crews.models import Crew
from crews.services import crew_create
from runs.errors import BadRequest
from runs.experiments.advance import experiment_advance, experiments_advance
from runs.experiments.results import results
from runs.experiments.service import experiment_start, plan_read
from runs.models import Experiment, Run
from teams.services import api_key_create
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.playing import Stage

Json = Any
JUDGE = {
    "kind": "judge",
    "name": "polite",
    "model": {"provider": "openai", "name": "gpt-4.1-mini"},
    "instructions": "The answer is polite.",
}


@pytest.fixture
def crew(stage: Stage) -> Crew:
    """A crew of one role that is told in a word how to answer."""
    roles = {"one": model_role("node", instructions="Answer coldly.")}
    made = document("graph", roles) | {"name": "Answers"}
    return crew_create(team=stage.team, user=stage.user, document=made)


def plan(crew: Crew, *checks: Json, **fields: Json) -> Json:
    return {
        "name": "Warm or cold",
        "variants": [
            {"name": "cold", "crew": crew.slug},
            {
                "name": "warm",
                "crew": crew.slug,
                "changes": {"roles.one.instructions": "Answer warmly."},
            },
        ],
        "tasks": [{"task": "Good morning", "expect": "hello dear"}, {"task": "Good night"}],
        "checks": list(checks),
        **fields,
    }


def drive(stage: Stage) -> None:
    """Do what the workers do until nothing is left."""
    for _ in range(4):
        for run in Run.objects.filter(status="queued"):
            stage.go_on(run)
        experiments_advance()


def answers(stage: Stage) -> None:
    verdict = {"passed": True, "detail": "It is."}
    stage.server.rules = [
        Rule(anywhere="The answer is polite.", reply=Reply(text=json.dumps(verdict))),
        Rule(anywhere="Answer warmly.", reply=Reply(text="hello dear")),
        Rule(reply=Reply(text="hello")),
    ]


def test_variants_are_compared(stage: Stage, crew: Crew) -> None:
    answers(stage)
    asked = plan(crew, {"kind": "exact", "name": "exact"}, JUDGE)
    made = experiment_start(team=stage.team, user=stage.user, plan=plan_read(asked))
    drive(stage)
    made.refresh_from_db()
    assert made.ended_at is not None
    (cold, warm), trials = results(made)
    assert (cold.finished, warm.finished, len(trials)) == (2, 2, 4)
    assert (cold.passed["exact"], warm.passed["exact"]) == ((0, 2), (1, 2))
    assert warm.passed["polite"] == (2, 2)
    assert cold.mean_cost_usd is not None
    wrong = next(t for t in trials if t.variant == "cold").verdicts[0]
    assert "'hello'" in wrong["detail"]
    judged = Run.objects.get(pk=trials[0].verdicts[1]["run"])
    assert judged.crew_name == "Check: polite"
    # What was made for it does not stand among the team's crews.
    assert [c.slug for c in Crew.objects.filter(team=stage.team, archived_at=None)] == [crew.slug]


def test_an_experiment_that_cannot_go_on_holds_up_no_other(stage: Stage, crew: Crew) -> None:
    answers(stage)
    asked = plan_read(plan(crew, {"kind": "path", "path": "items.²", "equals": 1}))
    broken, made = (
        experiment_start(team=stage.team, user=stage.user, plan=asked) for _ in range(2)
    )
    Experiment.objects.filter(pk=broken.pk).update(plan={"name": "of another release"})
    drive(stage)
    broken.refresh_from_db()
    made.refresh_from_db()
    assert broken.ended_at is None
    assert made.ended_at is not None
    assert "The result has no" in results(made)[1][0].verdicts[0]["detail"]


def test_a_program_in_a_sandbox_checks(
    stage: Stage, crew: Crew, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("docker_client")
    answers(stage)
    source = (
        "import json, sys\ngiven = json.load(sys.stdin)\n"
        "print(json.dumps({'passed': 'dear' in given['output'], 'detail': given['task']}))"
    )
    asked = plan(crew, {"kind": "python", "name": "dear", "source": source})
    made = experiment_start(team=stage.team, user=stage.user, plan=plan_read(asked))
    drive(stage)
    (cold, warm), trials = results(made)
    assert (cold.passed["dear"], warm.passed["dear"]) == ((0, 2), (2, 2))
    assert trials[0].verdicts[0]["detail"] == "Good morning"


def test_workers_that_look_at_once_start_each_check_once(stage: Stage, crew: Crew) -> None:
    answers(stage)
    made = experiment_start(team=stage.team, user=stage.user, plan=plan_read(plan(crew, JUDGE)))
    for run in Run.objects.all():
        stage.go_on(run)

    def look(_: int) -> list[Run]:
        try:
            return experiment_advance(made.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        started = [run for runs in threads.map(look, range(4)) for run in runs]
    assert len(started) == Run.objects.filter(crew_name="Check: polite").count() == 4
    # A worker that knew of no other may have made a crew of its own; later ones do not.
    drive(stage)
    made.refresh_from_db()
    assert made.ended_at is not None


def test_one_crew_checks_all_results(stage: Stage, crew: Crew) -> None:
    answers(stage)
    experiment_start(team=stage.team, user=stage.user, plan=plan_read(plan(crew, JUDGE)))
    runs = Run.objects.filter(status="queued")
    while run := runs.first():
        stage.go_on(run)
        experiments_advance()
    assert Crew.objects.filter(name="Check: polite").count() == 1


def test_a_run_that_fails_passes_no_check(stage: Stage, crew: Crew) -> None:
    stage.server.rules = [Rule(status=401)]
    asked = plan(crew, {"kind": "exact"}, JUDGE)
    made = experiment_start(team=stage.team, user=stage.user, plan=plan_read(asked))
    drive(stage)
    made.refresh_from_db()
    (cold, _), trials = results(made)
    assert (cold.failed, made.ended_at is not None) == (2, True)
    assert {v["passed"] for t in trials for v in t.verdicts} == {False}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"variants": []}, "variants"),
        ({"tasks": []}, "tasks"),
        ({"colour": "red"}, "Unknown field 'colour'"),
        ({"checks": [{"kind": "taste"}]}, "checks.0"),
        ({"checks": [{"kind": "exact"}, {"kind": "exact"}]}, "checks.1.name"),
        ({"tasks": [{"task": "x"}] * 100, "variants": [{"name": n, "crew": "x"} for n in "abc"]},
         "300 runs"),
    ],
)  # fmt: skip
def test_a_wrong_plan_is_refused_by_its_place(fields: Json, said: str) -> None:
    whole = {
        "name": "x",
        "variants": [{"name": "a", "crew": "x"}, {"name": "b", "crew": "x"}],
        "tasks": [{"task": "x"}],
    }
    with pytest.raises(BadRequest, match=said):
        plan_read(whole | fields)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ({"crew": "nobody"}, "variants.1: the team has no crew 'nobody'"),
        ({"changes": {"roles.two.model": 1}}, "there is no role 'two'"),
        ({"changes": {"roles.one.seat": "throne"}}, "has no seat 'throne'"),
        ({"version": 7}, "no version 7"),
    ],
)
def test_a_variant_that_cannot_run_starts_nothing(
    stage: Stage, crew: Crew, variant: Json, said: str
) -> None:
    asked = plan(crew)
    asked["variants"][1] = {"name": "warm", "crew": crew.slug} | variant
    with pytest.raises(BadRequest, match=said):
        experiment_start(team=stage.team, user=stage.user, plan=plan_read(asked))
    assert not Run.objects.exists()
    assert not Experiment.objects.exists()
    assert list(Crew.objects.all()) == [crew]


def test_a_check_that_no_model_can_make_starts_nothing(stage: Stage, crew: Crew) -> None:
    """Its runs begin when those of the variants have been paid."""
    judge = {
        "kind": "judge",
        "model": {"provider": "openai", "name": "m", "credential": "lost"},
        "instructions": "It is kind.",
    }
    asked = plan(crew) | {"checks": [{"kind": "exact"}, judge]}
    with pytest.raises(BadRequest, match=r"^checks\.1: model: .* no credential .lost."):
        experiment_start(team=stage.team, user=stage.user, plan=plan_read(asked))
    assert not Run.objects.exists()


def test_over_rest_and_on_the_page(stage: Stage, crew: Crew, client: Client) -> None:
    answers(stage)
    key = api_key_create(team=stage.team, user=stage.user, name="test")
    made = client.post(
        "/api/v1/experiments",
        json.dumps({"plan": plan(crew, {"kind": "exact"})}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert made.status_code == 201, made.content
    drive(stage)
    read = client.get(
        f"/api/v1/experiments/{made.json()['id']}", headers={"Authorization": f"Bearer {key}"}
    ).json()
    assert [variant["passed"] for variant in read["variants"]] == [
        {"exact": [0, 2]},
        {"exact": [1, 2]},
    ]
    client.force_login(stage.user)
    page = client.get(f"/experiments/{read['id']}/")
    assert page.status_code == 200
    assert "should be &#x27;hello dear&#x27;" in page.content.decode()
    assert "Warm or cold" in client.get("/experiments/").content.decode()
    example = client.get(f"/experiments/new/?crew={crew.slug}").content.decode()
    assert f"crew: {crew.slug}" in example
    refused = client.post("/experiments/new/", {"plan": "name: [", "rehearse": "yes"})
    assert refused.status_code == 422


def test_on_the_command_line(
    transactional_db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("name: x\nvariants: []\n")
    with pytest.raises(SystemExit) as ended:
        call_command("run_experiment", str(file))
    assert ended.value.code == 2
    assert "variants" in capsys.readouterr().err
