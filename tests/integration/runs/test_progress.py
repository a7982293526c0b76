"""How far each task of a run is (A13), from its journal and over REST."""

import json
from typing import Any

from django.test import Client

from runs.journal.fold import fold
from runs.journal.store import read
from runs.progress import TaskProgress, progress
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, document, model_role, steps
from tests.integration.runs.playing import Played, Stage

Json = Any


def told(tasks: list[TaskProgress]) -> list[tuple[str, str, int]]:
    return [(task.agent, task.status, task.percent) for task in tasks]


def at(played: Played, seq: int) -> list[TaskProgress]:
    """Return the progress when the journal had so many entries."""
    return progress(fold(read(str(played.run.pk), limit=seq)))


def test_a13_delegations_over_rest(stage: Stage) -> None:
    wishes = (delegate("good", "measure"), delegate("bad", "guess"))
    stage.server.rules = [
        Rule(anywhere="You are good", reply=Reply(text="0.9 m/s")),
        Rule(anywhere="You are bad", status=400, message="no"),
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    played = stage.play(desk(["good", "bad"]))
    client = Client()
    client.force_login(stage.user)
    answer = client.get(f"/api/v1/runs/{played.run.pk}/progress")
    assert answer.status_code == 200
    good, bad = answer.json()["tasks"]
    assert (good["agent"], good["by"], good["task"]) == ("good", "lead", "measure")
    assert (good["status"], good["percent"]) == ("completed", 100)
    assert good["output"]["result"] == "0.9 m/s"
    assert (bad["agent"], bad["status"]) == ("bad", "failed")
    assert bad["error"]
    assert bad["percent"] < 100


def test_a13_subtasks_of_a_plan_are_queued_until_they_begin(stage: Stage) -> None:
    parts = [
        {"id": "a", "worker": "w", "task": "first"},
        {"id": "b", "worker": "w", "task": "second", "depends_on": ["a"]},
        {"id": "c", "worker": "nobody", "task": "third"},
    ]
    plan = {"subtasks": parts, "synthesis_instructions": "join"}
    stage.server.rules = [
        Rule(anywhere="Plan this task", reply=Reply(text=json.dumps(plan))),
        Rule(reply=Reply(text="a part")),
    ]
    roles = {
        "p": model_role("planner", instructions="You plan."),
        "w": model_role("worker", instructions="You work."),
    }
    played = stage.play(document("plan", roles))
    made = next(
        e["seq"] for e in played.entries if e["key"] == "plan" and e["kind"] == "action.finished"
    )
    assert told(at(played, made)) == [
        ("w", "queued", 0),
        ("w", "queued", 0),
        ("nobody", "queued", 0),
    ]
    seen = [told(at(played, seq)) for seq in range(made, len(played.entries) + 1)]
    assert all(len(tasks) == 3 for tasks in seen)
    assert any("in_progress" in (status for _, status, _ in tasks) for tasks in seen)
    ends = {task.task: (task.status, task.percent) for task in at(played, len(played.entries))}
    assert ends["first"] == ends["second"] == ("completed", 100)
    assert ends["third"][0] == "failed"


def test_a13_the_stages_of_a_pipeline_wait_their_turn(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are step 1.", status=400, message="no"),
        Rule(reply=Reply(text="x")),
    ]
    played = stage.play(steps(3))
    assert told(at(played, 2)) == [
        ("s0", "in_progress", 0),
        ("s1", "queued", 0),
        ("s2", "queued", 0),
    ]
    states = [status for _, status, _ in told(at(played, len(played.entries)))]
    assert states == ["completed", "failed", "failed"]
