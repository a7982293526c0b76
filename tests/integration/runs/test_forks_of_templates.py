"""Forks of runs of the templates over REST, anywhere, with edits of every kind."""

import json
from random import Random
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from runs.journal import store
from runs.models import Run
from runs.selectors import state_of
from teams.services import api_key_create
from tests.integration.runs import trail
from tests.integration.runs.playing import Stage
from tests.integration.runs.priced import Models, drive_scripted, record

Json = Any
TEXTS = ("Otherwise.", "", "é\n" * 50, "{}", "</data-0>")
VALUES: tuple[Json, ...] = (*TEXTS, {}, [], 7, None, {"task": "x"}, {"payload": {"a": 1}},
    {"messages": [{"role": "user", "text": "x"}]}, {"stdin": "x"}, {"code": "print(1)"},
    {"approved": False, "issues": ["x"]})  # fmt: skip
FORKS = 2


def edit(chance: Random) -> Json:
    """Return an edit, of which many do not fit their action."""
    kind = chance.choice(("none", "output", "input", "instructions", "model"))
    model = {"provider": "openai", "name": "gpt-4.1-mini"}
    return {
        "none": {},
        "output": {"output": chance.choice(VALUES)},
        "input": {"input": chance.choice(VALUES)},
        "instructions": {"instructions": chance.choice(TEXTS)},
        "model": {"model": model},
    }[kind]


@pytest.mark.alike
def test_any_fork_is_refused_or_goes_on_without_repeating(stage: Stage, settings: Settings) -> None:
    settings.EMBEDDED = False
    key = api_key_create(team=stage.team, user=stage.user, name="test")
    program = Client(headers={"Authorization": f"Bearer {key}"})
    statuses: dict[int, int] = {}
    for it in record(stage, range(1)):
        chance = Random(it.run.crew_name)
        actions = list(state_of(it.run).actions.values())
        for _ in range(FORKS):
            action, change = chance.choice(actions), edit(chance)
            stage.server.rules = Models(chance=chance, wild=0.2).rules()
            asked = {"action": action.id, "edit": change}
            answer = program.post(
                f"/api/v1/runs/{it.run.pk}/fork", json.dumps(asked), content_type="application/json"
            )
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            told = (it.run.crew_name, action.key, change, answer.content)
            assert answer.status_code in (201, 409, 422), told
            if answer.status_code == 201:
                fork = Run.objects.get(pk=answer.json()["id"])
                drive_scripted(fork)
                check(fork, told)
    assert min(statuses[201], statuses[422]) >= 8, statuses


def check(fork: Run, told: Any) -> None:
    """Fail where what was taken over was done again."""
    fork.refresh_from_db()
    assert fork.status in ("finished", "failed", "waiting"), (told, fork.status)
    entries = [entry.model_dump(mode="json") for entry in store.read(str(fork.pk))]
    trail.check(entries)
    ended = {
        e["action"] for e in entries if e["kind"] == "action.finished" and "taken" in e["payload"]
    }
    begun = [e for e in entries if e["kind"] == "action.started" and "taken" not in e["payload"]]
    again = [e["key"] for e in begun if e["action"] in ended]
    assert not again, (told, again)
