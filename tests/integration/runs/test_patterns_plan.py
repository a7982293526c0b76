"""Plan: decompose, dispatch what is ready, synthesise; every bad plan has its outcome."""

import json
from typing import Any

from runs.services import decision_make
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any
WORKERS = ("researcher", "analyst", "writer")


def office(**fields: Json) -> Json:
    roles = {"boss": model_role("planner", instructions="You plan.")}
    roles |= {name: model_role("worker", instructions=f"You are {name}.") for name in WORKERS}
    return document("plan", roles, **fields)


def subtask(id: str, worker: str, *depends_on: str) -> Json:
    return {"id": id, "worker": worker, "task": f"do {id}", "depends_on": list(depends_on)}


def rules(*subtasks: Json) -> list[Rule]:
    written = {"subtasks": list(subtasks), "synthesis_instructions": "As a haiku."}
    return [
        Rule(contains="have come to their end", reply=Reply(text="the report")),
        Rule(anywhere="You plan.", reply=Reply(text=json.dumps(written))),
        *(Rule(contains=f"do t{n}", reply=Reply(text=f"made t{n}")) for n in range(1, 6)),
    ]


def result(played: Played, number: int) -> Json:
    last = played.action(f"branch/subtask{number}/delegation")[-1]
    return last["payload"].get("output") or last["payload"]["error"]


def test_c1_independent_subtasks_at_once_and_dependent_ones_with_their_inputs(stage: Stage) -> None:
    stage.server.rules = rules(
        subtask("t1", "researcher"), subtask("t2", "analyst"), subtask("t3", "writer", "t1", "t2")
    )
    stage.server.rules[2].latency_ms = stage.server.rules[3].latency_ms = 200
    played = stage.play(office())
    assert (played.run.status, played.output) == ("finished", "the report")
    assert len(stage.server.calls) == 5
    writer = stage.server.calls[3].last_text
    assert "do t3" in writer
    assert "<data-" in writer
    assert "made t1" in writer
    assert "made t2" in writer
    combining = stage.server.calls[4].last_text
    assert "As a haiku." in combining
    assert all(f"made t{n}" in combining for n in (1, 2, 3))
    seqs = {(e["key"], e["kind"]): e["seq"] for e in played.entries}
    first, second = (
        f"branch/subtask{n}/delegation/{w}/model1" for n, w in ((1, "researcher"), (2, "analyst"))
    )
    assert seqs[second, "action.started"] < seqs[first, "action.finished"]
    assert seqs[first, "action.started"] < seqs[second, "action.finished"]
    assert replayed(played) == len(trail.started(played.entries))


def test_c1_a_subtask_starts_when_its_own_needs_are_there(stage: Stage) -> None:
    stage.server.rules = rules(
        subtask("t1", "researcher"), subtask("t2", "analyst"), subtask("t3", "writer", "t1")
    )
    stage.server.rules[3].latency_ms = 1_000
    played = stage.play(office())
    seqs = {(e["key"], e["kind"]): e["seq"] for e in played.entries}
    third = seqs["branch/subtask3/delegation", "action.finished"]
    assert third < seqs["branch/subtask2/delegation", "action.finished"]


def test_e1_an_unknown_worker_is_an_error_result(stage: Stage) -> None:
    stage.server.rules = rules(
        subtask("t1", "astrologer"), subtask("t2", "analyst"), subtask("t3", "writer", "t1")
    )
    played = stage.play(office())
    assert (played.run.status, played.output) == ("finished", "the report")
    assert "There is no worker 'astrologer'. There are analyst" in result(played, 1)["message"]
    assert result(played, 2)["status"] == "finished"
    assert result(played, 3) == {"status": "skipped", "reason": "It needs 't1', which is failed."}
    combining = stage.server.calls[-1].last_text
    assert "There is no worker" in combining
    assert "It needs 't1', which is failed." in combining
    assert replayed(played) == len(trail.started(played.entries))


def test_e1_circles_and_unknown_needs_are_error_results(stage: Stage) -> None:
    stage.server.rules = rules(
        subtask("t1", "researcher", "t2"),
        subtask("t2", "analyst", "t1"),
        subtask("t3", "writer", "t9"),
        subtask("t4", "writer", "t4"),
        subtask("t4", "writer"),
    )
    played = stage.play(office())
    assert played.output == "the report"
    assert len(stage.server.calls) == 2
    assert all("depends on itself" in result(played, n)["message"] for n in (1, 2))
    assert "'t9', which is not in the plan" in result(played, 3)["message"]
    assert "another subtask 't4'" in result(played, 5)["message"]


def test_e1_a_malformed_plan_goes_back_to_the_planner(stage: Stage) -> None:
    good = rules(subtask("t1", "writer"))
    stage.server.rules = [
        Rule(contains="was not accepted", times=1, reply=Reply(text='{"subtasks": []}')),
        Rule(anywhere="You plan.", times=1, reply=Reply(text="Well, let me think.")),
        *good,
    ]
    played = stage.play(office())
    assert played.output == "the report"
    assert "was not accepted" in stage.server.calls[1].last_text
    assert "subtasks" in stage.server.calls[2].last_text


def test_e1_a_planner_that_never_plans_fails_clearly(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="no"))]
    played = stage.play(office())
    assert played.error["kind"] == "invalid_payload"
    assert "'boss' is not valid" in played.error["message"]


def test_c1_a_plan_without_ids_depends_on_workers(stage: Stage) -> None:
    parts = [
        {"worker": "researcher", "task": "do t1"},
        {"worker": "writer", "task": "do t2", "depends_on": ["researcher"]},
    ]
    stage.server.rules = rules(*parts)
    played = stage.play(office())
    assert played.output == "the report"
    assert "made t1" in stage.server.calls[2].last_text


def test_d1_a_failed_subtask_is_told_to_the_synthesis(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are analyst.", status=401),
        *rules(
            subtask("t1", "researcher"), subtask("t2", "analyst"), subtask("t3", "writer", "t2")
        ),
    ]
    played = stage.play(office())
    assert played.output == "the report"
    assert result(played, 3)["status"] == "skipped"
    assert "refused the API key" in stage.server.calls[-1].last_text


def test_a_planners_own_schema_is_for_the_result(stage: Stage) -> None:
    crew = office()
    crew["roles"]["boss"]["returns"] = {"type": "object", "required": ["title"]}
    stage.server.rules = rules(subtask("t1", "writer"))
    stage.server.rules[0].reply = Reply(text='{"title": "All"}')
    assert stage.play(crew).output == {"title": "All"}


def test_a_person_may_be_a_worker_and_the_rest_goes_on(stage: Stage) -> None:
    crew = office()
    crew["roles"]["researcher"] = {"seat": "worker", "kind": "human"}
    stage.server.rules = rules(
        subtask("t1", "researcher"), subtask("t2", "analyst"), subtask("t3", "writer", "t1")
    )
    played = stage.play(crew)
    assert played.run.status == "waiting"
    assert result(played, 2)["status"] == "finished"
    (asked,) = [e for e in played.entries if e["kind"] == "run.waiting"]
    decision_make(
        run=played.run, action=asked["action"], user=stage.user, choice="answer", value="I know it"
    )
    played = stage.go_on(played.run)
    assert played.output == "the report"
    assert "I know it" in stage.server.calls[2].last_text


def test_it_survives_a_kill_after_any_entry(stage: Stage) -> None:
    stage.server.rules = rules(
        subtask("t1", "researcher"),
        subtask("t2", "nobody"),
        subtask("t3", "writer", "t1"),
        subtask("t4", "writer", "t2"),
        subtask("t5", "analyst"),
    )
    survives_kills(stage, office(), every=4, branches=2)


def test_subtasks_that_a_limit_does_not_let_begin_end_the_run_by_that_limit(stage: Stage) -> None:
    parts = [
        {"id": "a", "worker": "ann", "task": "first"},
        {"id": "b", "worker": "ann", "task": "second", "depends_on": ["a"]},
    ]
    for most in (3, 7, 8):
        stage.server.rules = [
            Rule(
                anywhere="Plan this task",
                reply=Reply(text=json.dumps({"subtasks": parts, "synthesis_instructions": "join"})),
            )
        ]
        roles = {"boss": model_role("planner"), "ann": model_role("worker")}
        limits = {"actions": most, "on_reached": "end"}
        played = stage.play(document("plan", roles, limits=limits))
        assert played.error["kind"] == "budget", most
