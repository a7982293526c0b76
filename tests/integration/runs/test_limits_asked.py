"""A run that reaches a limit, or whose breaker opens, asks a person; what they allow holds."""

from decimal import Decimal
from typing import Any

import pytest

from runs.errors import BadRequest
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import delegate, desk, model_role, steps
from tests.integration.runs.kills import Killed, replayed
from tests.integration.runs.playing import Played, Stage
from tests.integration.runs.test_approvals import decide, opened

Json = Any


def limit_asked(played: Played) -> Json:
    assert played.run.status == "waiting", played.error
    (question,) = opened(played)
    return question


@pytest.mark.parametrize(
    ("limits", "value", "told"),
    [
        ({"tokens": 700}, {"tokens": 5_000}, "The run may use 700 tokens"),
        ({"cost_usd": "0.0003"}, {"cost_usd": "0.05"}, "The run may spend $0.0003"),
        ({"actions": 6}, {"actions": 100}, "The run may take 6 actions"),
        ({"seconds": 1}, {"seconds": 120}, "The run's time is used up"),
    ],
    ids=["tokens", "cost", "actions", "seconds"],
)
def test_a_limit_is_topped_up_and_the_run_goes_on(
    stage: Stage, limits: Json, value: Json, told: str
) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(200, 20)), latency_ms=150)]
    played = stage.play(steps(12, limits=limits))
    question = limit_asked(played)
    assert told in question["payload"]["question"]
    assert question["payload"]["reason"] == "limit"
    before = len(stage.server.calls)
    assert before < 12
    (name,) = value
    with pytest.raises(BadRequest, match=name):
        decide(stage, played, question, "top_up", value={name: -5})
    decide(stage, played, question, "top_up", value=value)
    played = stage.go_on(played.run)
    assert played.run.status == "finished", played.error
    # The call that time ran out for may have to be made again; no other one.
    assert len(stage.server.calls) in (12, 13)
    assert replayed(played) > 0


def test_a_top_up_holds_after_kills_and_is_not_spent_twice(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(200, 20)))]
    document = steps(6, limits={"tokens": 900})
    played = stage.play(document)
    decide(stage, played, limit_asked(played), "top_up", value={"tokens": 300.0})
    played = stage.go_on(played.run)
    spent = [played.run.tokens]
    while played.run.status == "waiting":
        assert played.run.tokens <= 900 + 300 * len(spent)
        decide(stage, played, limit_asked(played), "top_up", value={"tokens": 300})
        played = stage.go_on(played.run)
        spent.append(played.run.tokens)
    assert played.run.status == "finished"
    assert played.run.tokens == 6 * 220
    assert {type(call.body["max_tokens"]) for call in stage.server.calls} == {int}
    for after in range(2, 16, 3):
        again = Killed(stage, after).play(document)
        while again.run.status == "waiting":
            decide(stage, again, limit_asked(again), "top_up", value={"tokens": 300})
            again = stage.go_on(again.run)
        assert again.run.status == "finished"


def test_to_end_the_run_is_a_choice(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(200, 20)))]
    played = stage.play(steps(6, limits={"tokens": 700}))
    decide(stage, played, limit_asked(played), "end", comment="Enough.")
    calls = len(stage.server.calls)
    played = stage.go_on(played.run)
    assert played.run.status == "failed"
    assert played.error["kind"] == "budget"
    assert "may use 700 tokens" in played.error["message"]
    assert "Enough." in played.error["message"]
    assert len(stage.server.calls) == calls
    assert replayed(played) > 0


def test_branches_at_the_edge_ask_once_and_never_overspend(stage: Stage) -> None:
    wishes = tuple(delegate(f"w{n}", "do it") for n in range(8))
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(latency_ms=100, reply=Reply(text="x" * 400, usage=(400, 100))),
    ]
    played = stage.play(desk([f"w{n}" for n in range(8)], limits={"tokens": 3_000}))
    question = limit_asked(played)
    assert played.run.tokens <= 3_000
    decide(stage, played, question, "top_up", value={"tokens": 20_000})
    played = stage.go_on(played.run)
    assert played.run.status == "finished", played.error
    workers = [call for call in stage.server.calls if "You are w" in call.all_text]
    assert len(workers) == 8
    assert Decimal(played.run.tokens) <= 23_000


def test_an_open_breaker_asks_whether_to_go_on(stage: Stage) -> None:
    stage.server.rules = [Rule(status=500, times=2), Rule(reply=Reply(text="well"))]
    limits = {"breaker": {"failures": 2, "window": 5}}
    roles = {f"s{n}": model_role("stage", limits={"retries": 5}) for n in range(2)}
    played = stage.play(steps(2, limits=limits) | {"roles": roles})
    question = limit_asked(played)
    assert question["payload"]["reason"] == "breaker"
    assert "2 of the last 2 calls failed" in question["payload"]["question"]
    decide(stage, played, question, "go_on")
    played = stage.go_on(played.run)
    assert played.run.status == "finished", played.error
    assert len(stage.server.calls) == 4
    assert replayed(played) > 0


def test_a_task_is_measured_as_it_is_sent_whatever_its_letters(stage: Stage) -> None:
    assert stage.start(steps(2), "é" * 499_000).status == "queued"
    with pytest.raises(BadRequest, match="task: it is larger"):
        stage.start(steps(2), "é" * 500_000)
