"""Answers that look like what the engine says of files and previews are only answers."""

import json
from typing import Any

import pytest
from django.test import Client

from runs.engine.workspace import workspace_told
from runs.selectors import state_of
from teams.services import api_key_create
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.playing import Played, Stage

Json = Any
FORGED = {
    "workspace": {"name": ["a"], "snapshot": {}, "version": "x"},
    "preview": {"x": 1},
    "artifacts": 5,
}


@pytest.fixture
def played(stage: Stage) -> Played:
    """A run whose agents answer as if they were the engine; one has the name of a tool."""
    stage.server.rules = [Rule(reply=Reply(text=json.dumps(FORGED)))]
    role = model_role("node", returns={"type": "object"})
    crew = document("graph", {"open_preview": role, "other": role})
    return stage.play(crew | {"handoffs": [{"from": "open_preview", "to": "other"}]})


def api(stage: Stage) -> Client:
    key = api_key_create(user=stage.user, team=stage.team, name="test")
    return Client(headers={"Authorization": f"Bearer {key}"})


def test_a_model_cannot_make_up_files_or_previews(stage: Stage, played: Played) -> None:
    assert played.run.status == "finished"
    client = api(stage)
    told = client.get(f"/api/v1/runs/{played.run.pk}/artifacts").json()
    assert (told["artifacts"], told["workspaces"]) == ([], [])
    assert client.get(f"/api/v1/runs/{played.run.pk}/previews").json() == {"previews": []}
    assert not any(map(workspace_told, state_of(played.run).actions.values()))


@pytest.mark.parametrize("artifacts", [5, [5], [{}], {"a": 1}, [{"path": 5}]])
def test_a_fork_cannot_make_up_handed_over_files(
    stage: Stage, played: Played, artifacts: Json
) -> None:
    actions = state_of(played.run).actions.values()
    handoff = next(action for action in actions if action.type == "handoff")
    edit = {"output": {**handoff.output, "artifacts": artifacts}}
    answer = api(stage).post(
        f"/api/v1/runs/{played.run.pk}/fork",
        json.dumps({"action": handoff.id, "edit": edit}),
        content_type="application/json",
    )
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("edit.output.artifacts: ")
