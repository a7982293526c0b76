"""A role that fails for the second time in a run goes to a person, in every pattern (B1, B7)."""

import json
from typing import Any

import pytest

from crews.services import crew_create, crew_publish
from runs.decisions import decide
from runs.models import Question
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import (
    delegate,
    desk,
    document,
    model_role,
    pipeline,
)
from tests.integration.runs.kills import replayed
from tests.integration.runs.playing import Played, Stage

Json = Any
CHOICES = ["try again", "edit", "go on without it", "stop the run"]
NO: Json = {"status": 400, "message": "no"}


def decided(stage: Stage, played: Played, choice: str, **more: Json) -> Played:
    """Answer the one open question of a run and let it go on."""
    assert played.run.status == "waiting", played.entries[-1]
    (question,) = Question.objects.filter(run=played.run, closed_at=None)
    decide(run=played.run, action=str(question.action), actor="user:a", choice=choice, **more)
    return stage.go_on(played.run)


def asked(played: Played) -> list[Json]:
    return [e for e in played.entries if e["kind"] == "run.waiting"]


def planned(*workers: str) -> Reply:
    parts = [{"id": f"t{n}", "worker": w, "task": f"do {n}"} for n, w in enumerate(workers)]
    return Reply(text=json.dumps({"subtasks": parts, "synthesis_instructions": "join"}))


def plan(**fields: Json) -> Json:
    roles = {
        "boss": model_role("planner", instructions="You plan."),
        "w": model_role("worker", instructions="You work."),
    }
    return document("plan", roles, **fields)


def turns(*replies: Reply) -> list[Rule]:
    return [Rule(anywhere="You lead.", times=1, reply=reply) for reply in replies]


def test_b1_side_by_side_or_one_after_the_other_the_second_failure_asks(stage: Stage) -> None:
    """Both delegations of one turn fail: the second one in their order asks, whichever is first."""
    both = Reply(tool_calls=(delegate("coder", "one"), delegate("coder", "two")))
    for slow in ("one", "two"):
        stage.server.rules = [
            *turns(both, Reply(text="done")),
            Rule(contains=slow, latency_ms=300, **NO),
            Rule(anywhere="You are coder", **NO),
        ]
        played = stage.play(desk())
        (question,) = asked(played)
        assert question["key"] == "lead/tools/1/delegation/coder/failures"
        assert question["payload"]["choices"] == CHOICES
        assert question["payload"]["reason"] == "failures"
        assert question["payload"]["context"]["task"] == "two"
        again = decided(stage, played, "edit", value="made by hand")
        assert again.output == "done"
        assert "made by hand" in stage.server.calls[-1].all_text
        assert replayed(again) > 0


def test_who_tries_again_is_told_what_was_said_and_asked_about_again(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="Plan this task", reply=planned("w", "w")),
        Rule(anywhere="You plan.", reply=Reply(text="joined")),
        Rule(anywhere="Use the other door.", reply=Reply(text="in")),
        Rule(anywhere="You work.", **NO),
    ]
    played = decided(stage, stage.play(plan()), "try again")
    assert len(asked(played)) == 2
    ended = decided(stage, played, "try again", comment="Use the other door.")
    assert ended.output == "joined"
    assert "Use the other door." in stage.server.calls[-2].all_text
    told = stage.server.calls[-1].all_text
    assert '"result": "in"' in told
    assert '"status": "failed"' in told  # The first subtask stays as it was.
    assert replayed(ended) > 0


def test_to_go_on_without_it_is_asked_once(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="Plan this task", reply=planned("w", "w", "w", "w")),
        Rule(anywhere="You plan.", reply=Reply(text="nothing")),
        Rule(anywhere="You work.", **NO),
    ]
    ended = decided(stage, stage.play(plan()), "approve", comment="Never mind.")
    assert ended.output == "nothing"
    assert len(asked(ended)) == 1
    (made,) = [e for e in ended.entries if e["kind"] == "decision.made"]
    assert made["payload"]["choice"] == "go on without it"
    assert "Never mind." in stage.server.calls[-1].all_text
    assert replayed(ended) > 0


def test_to_stop_ends_the_run_whatever_its_pattern_makes_of_failures(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="Plan this task", reply=planned("w", "w")),
        Rule(anywhere="You work.", **NO),
    ]
    ended = decided(stage, stage.play(plan()), "reject", comment="Enough.")
    assert ended.run.status == "failed"
    assert ended.error["kind"] == "stopped"
    assert "Enough." in ended.error["message"]
    assert replayed(ended) > 0


@pytest.mark.parametrize(
    "fields",
    [
        {"limits": {"on_failures": "proceed"}},
        {"handoffs": [{"from": "w", "to": "boss", "on_invalid": {"then": "fail"}}]},
    ],
)
def test_nobody_is_asked_where_the_document_says_so(stage: Stage, fields: Json) -> None:
    stage.server.rules = [
        Rule(anywhere="Plan this task", reply=planned("w", "w", "w")),
        Rule(anywhere="You plan.", reply=Reply(text="nothing")),
        Rule(anywhere="You work.", **NO),
    ]
    assert stage.play(plan(**fields)).output == "nothing"


def test_failures_of_crews_inside_others_count_and_are_asked_about(stage: Stage) -> None:
    inner = pipeline(
        {n: model_role("stage", instructions=f"You are {n}.") for n in ("first", "second")},
        name="Inner",
    )
    made = crew_create(team=stage.team, user=stage.user, document=inner)
    crew_publish(crew=made, user=stage.user)
    worker = {"seat": "worker", "kind": "crew", "crew": {"slug": made.slug}}
    stage.server.rules = [
        *turns(
            Reply(tool_calls=(delegate("team", "one"), delegate("team", "two"))), Reply(text="end")
        ),
        Rule(anywhere="You are second.", **NO),
    ]
    played = stage.play(desk({"team": worker}))
    (question,) = asked(played)
    assert question["agent"] == "team/second"
    ended = decided(stage, played, "edit", value="by hand")
    assert ended.output == "end"
    assert replayed(ended) > 0
