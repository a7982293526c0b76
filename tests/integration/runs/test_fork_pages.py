"""The pages on which runs are forked, restarted, replayed, compared and explained."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from runs.forks import Edit, run_fork
from runs.models import Run
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import documents
from tests.integration.runs.playing import Played, Stage

Json = Any


@pytest.fixture
def client(stage: Stage) -> Client:
    client = Client()
    client.force_login(stage.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(answer: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def at(played: Played, key: str) -> str:
    return str(next(e["action"] for e in played.entries if e["key"] == key))


def fork_url(played: Played, key: str) -> str:
    return reverse("runs:fork", args=[played.run.pk, at(played, key)])


def test_the_form_offers_what_can_be_edited_and_starts_the_fork(
    stage: Stage, client: Client
) -> None:
    stage.server.rules = [Rule(reply=Reply(text="The first answer"))]
    whole = stage.play(documents.steps(2))
    form = client.get(fork_url(whole, "s1/model1"))
    for choice in ("again", "output", "input", "instructions", "model"):
        assert f'value="{choice}"' in form.content.decode()
    assert "The first answer" in form.content.decode()
    answer = client.post(fork_url(whole, "s1/model1"), {"what": "output", "output": "By hand"})
    made = Run.objects.get(origin=whole.run)
    assert answer["Location"] == reverse("runs:live", args=[made.pk])
    assert stage.go_on(made).output == "By hand"
    page = words(client.get(reverse("runs:compare", args=[whole.run.pk, made.pk])))
    assert "Their answers differ" in page
    assert "By hand" in page
    audit = words(client.get(reverse("runs:audit", args=[made.pk])))
    assert "Fork — compare with its origin" in audit
    assert "taken over" in audit


def test_a_handoff_has_no_role_to_change(stage: Stage, client: Client) -> None:
    whole = stage.play(documents.steps(2))
    text = client.get(fork_url(whole, "handoff-s0-s1")).content.decode()
    assert '"payload"' in unescape(text)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"what": "input", "input": "{"}, "edit.input: it is no JSON"),
        ({"what": "nonsense"}, "Choose what is to be different."),
        ({"what": "output", "output": '{"passed": 3}'}, "edit.output"),
    ],
)
def test_what_does_not_fit_is_told_and_stays_written(
    stage: Stage, client: Client, form: Json, told: str
) -> None:
    whole = stage.play(documents.steps(2))
    answer = client.post(fork_url(whole, "handoff-s0-s1"), form)
    assert answer.status_code == 422
    assert told in words(answer)
    assert Run.objects.count() == 1


def test_a_failed_run_is_restarted_and_a_finished_one_is_not(stage: Stage, client: Client) -> None:
    refusal = Rule(status=401)
    stage.server.rules = [refusal]
    failed = stage.play(documents.steps(2))
    answer = client.post(reverse("runs:restart", args=[failed.run.pk]))
    made = Run.objects.get(origin=failed.run)
    assert answer["Location"] == reverse("runs:live", args=[made.pk])
    stage.server.rules.remove(refusal)
    assert stage.go_on(made).run.status == "finished"
    client.post(reverse("runs:restart", args=[made.pk]))
    assert not Run.objects.filter(origin=made).exists()


def test_an_audit_tells_why_and_replays(stage: Stage, client: Client) -> None:
    stage.server.rules = [
        Rule(anywhere="You are step 0.", reply=Reply(text="What the first step found out"))
    ]
    whole = stage.play(documents.steps(2))
    url = reverse("runs:audit_action", args=[whole.run.pk, at(whole, "s1")])
    assert "What the first step found out" in words(client.get(f"{url}?why=1"))
    assert "Why is this here?" in words(client.get(url))
    replayed = words(client.post(reverse("runs:audit_replay", args=[whole.run.pk])))
    assert "Identical: 5 actions" in replayed
    going = stage.start(documents.steps(2))
    assert "only a run that has ended" in words(
        client.post(reverse("runs:audit_replay", args=[going.pk]))
    )


def test_every_call_of_the_api_answers(stage: Stage, client: Client) -> None:
    whole = stage.play(documents.steps(2))
    made = run_fork(run=whole.run, action="s1", edit=Edit(), user=stage.user)
    stage.go_on(made)
    api = f"/api/v1/runs/{whole.run.pk}"
    compared = client.get(f"{api}/compare/{made.pk}?different=true").json()
    assert (compared["same_output"], compared["rows"]) == (True, [])
    assert compared["b"]["taken_actions"] > 0
    assert client.get(f"{api}/why").json()["steps"][0]["key"] == "s1"
    assert client.get(f"{api}/why?action=nobody").status_code == 422
    assert client.get(f"{api}/provenance").json()["parts"]
    assert client.get(f"{api}/analysis").json()["messages"]["dropped"] == 0
    assert [run["id"] for run in client.get(f"{api}/forks").json()] == [str(made.pk)]
    body = {"action": "s0", "edit": {"input": "Another task"}}
    answer = client.post(f"{api}/fork", body, content_type="application/json")
    assert (answer.status_code, answer.json()["at"]) == (201, "s0")
    body = {"action": "s0", "edit": {"inputs": "Another task"}}
    assert client.post(f"{api}/fork", body, content_type="application/json").status_code == 422
    assert client.post(f"{api}/replay").json()["identical"] is True
    assert client.post(f"{api}/restart").status_code == 409
