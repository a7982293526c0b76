"""What a run shows of a provider that fails, and how it goes on."""

from typing import Any

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import (
    ANTHROPIC,
    OPENAI,
    delegate,
    desk,
    model_role,
    pipeline,
    steps,
)
from tests.integration.runs.playing import Stage

Json = Any


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC], ids=lambda model: model["provider"])
@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (Rule(status=401, message="bad key"), 401),
        (Rule(status=404, message="no such model"), 404),
        (Rule(status=400, message="nonsense"), 400),
    ],
    ids=["key", "model", "request"],
)
def test_a_failure_for_good_is_shown_with_everything_one_needs(
    stage: Stage, model: Json, rule: Rule, status: int
) -> None:
    stage.server.rules = [Rule(status=rule.status, message=rule.message)]
    played = stage.play(steps(2, model=model))
    assert played.run.status == "failed"
    assert len(stage.server.calls) == 1
    (failed,) = [e for e in played.action("s0/model1") if e["kind"] == "action.failed"]
    for error in (failed["payload"]["error"], played.error):
        assert error["role"] == "s0"
        assert error["provider"] == model["provider"]
        assert error["host"].startswith("127.0.0.1")
        assert error["status"] == status
        assert error["message"]
        assert error["advice"]
    assert "sk-test" not in str(played.entries)


def test_a_rate_limit_is_waited_for_as_the_server_asks(stage: Stage) -> None:
    stage.server.rules = [
        Rule(times=2, status=429, message="slow down", headers={"retry-after": "0.4"}),
        Rule(reply=Reply(text="now")),
    ]
    played = stage.play(steps(2))
    assert played.run.status == "finished"
    told = played.action("s0/model1")
    kinds = [entry["kind"] for entry in told]
    assert kinds == ["action.started", "action.failed"] * 2 + ["action.started", "action.finished"]
    assert [e["payload"]["retry_in_s"] for e in told if e["kind"] == "action.failed"] == [0.4, 0.4]
    assert [e["payload"]["attempt"] for e in told if e["kind"] == "action.started"] == [1, 2, 3]
    assert played.run.failures == 2
    assert len(stage.server.calls) == trail.attempts(played.entries) == 4


def test_retries_end_and_are_those_of_the_role(stage: Stage) -> None:
    stage.server.rules = [Rule(status=503, headers={"retry-after": "0"})]
    role = model_role("stage", limits={"retries": 1})
    played = stage.play(pipeline({"a": role, "b": role}))
    assert played.run.status == "failed"
    assert len(stage.server.calls) == 2


def test_the_fallback_takes_over_where_the_first_model_fails_for_good(stage: Stage) -> None:
    stage.server.rules = [Rule(wire="openai", status=401), Rule(reply=Reply(text="from the other"))]
    role = model_role("stage", {**OPENAI, "fallback": [ANTHROPIC]})
    played = stage.play(pipeline({"a": role, "b": role}))
    assert played.output == "from the other"
    assert [call.wire for call in stage.server.calls] == ["openai", "anthropic"] * 2
    (start, _) = played.action("a/model1-fallback1")
    assert start["payload"]["provider"] == "anthropic"


@pytest.mark.parametrize("fault", ["cut", "stop", "close"])
def test_a_stream_that_breaks_off_is_tried_again(stage: Stage, fault: Any) -> None:
    stage.server.rules = [
        Rule(times=1, fault=fault, after=2, reply=Reply(text="half of it")),
        Rule(reply=Reply(text="all of it")),
    ]
    played = stage.play(steps(2))
    assert played.output == "all of it"
    failed = [e for e in played.entries if e["kind"] == "action.failed"]
    assert len(failed) == 1
    assert not failed[0]["payload"]["final"]


def test_a_server_that_falls_silent_is_left_at_the_roles_deadline(stage: Stage) -> None:
    stage.server.rules = [Rule(fault="hang", after=1)]
    role = model_role("stage", limits={"seconds": 1, "retries": 0})
    played = stage.play(pipeline({"a": role, "b": role}))
    assert played.run.status == "failed"
    assert "1 s" in played.error["message"]


@pytest.mark.parametrize(("first", "then"), [(OPENAI, ANTHROPIC), (ANTHROPIC, OPENAI)])
def test_a_fallback_of_another_vendor_goes_on_in_mid_conversation(
    stage: Stage, first: Json, then: Json
) -> None:
    call = {**delegate("coder", "do it"), "id": "functions.delegate:0"}
    wire, other = first["provider"], then["provider"]
    stage.server.rules = [
        Rule(anywhere="You are coder", reply=Reply(text="done by coder")),
        Rule(wire=wire, times=1, reply=Reply(thinking="Who can?", tool_calls=(call,))),
        Rule(wire=wire, status=401),
        Rule(wire=other, reply=Reply(text="all is done")),
    ]
    played = stage.play(desk(model={**first, "fallback": [then]}))
    assert played.output == "all is done"
    again, last = stage.server.calls[2:]
    assert (again.wire, last.wire) == (wire, other)
    assert "Who can?" in str(again.body["messages"]), "its own thoughts go back"
    assert "Who can?" not in str(last.body["messages"])
    ids = {"functions.delegate:0", "functions_delegate_0"}
    assert [known for known in ids if str(last.body["messages"]).count(known) == 2]
