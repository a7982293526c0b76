"""Agents that go round in circles are halted, and the loop is named; those that wait are not (B7).
Limits of branches, delegations and depth hold, also side by side (B8)."""

from decimal import Decimal
from typing import Any

import pytest

from crews.services import crew_create, crew_publish
from runs.engine.breaker import Breaker, LoopFound
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import (
    ANTHROPIC,
    delegate,
    desk,
    document,
    model_role,
    pipeline,
)
from tests.integration.runs.kills import Killed
from tests.integration.runs.playing import Played, Stage

Json = Any
END = {"on_reached": "end"}
ASK = {"name": "no_such_tool", "arguments": {"path": "status.txt"}}


def told_of_loop(played: Played) -> str:
    assert played.run.status == "failed", played.entries[-1]
    assert played.error["kind"] == "breaker"
    assert "limits.breaker.repeats" in played.error["advice"]
    return str(played.error["message"])


def test_b7_the_same_call_again_and_again_is_a_loop_that_is_named(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You poll.", reply=Reply(tool_calls=(ASK,))),
        Rule(reply=Reply(text="x")),
    ]
    roles = {
        "poller": model_role("stage", instructions="You poll."),
        "last": model_role("stage", instructions="You end."),
    }
    played = stage.play(pipeline(roles, limits=END))
    message = told_of_loop(played)
    assert "'poller' calls no_such_tool" in message
    assert "status.txt" in message
    assert "12 times" in message
    assert len(stage.server.calls) == 12


def test_b7_a_loop_of_several_calls_is_named_as_a_whole(stage: Stage) -> None:
    other = {"name": "another_tool", "arguments": {}}
    replies = [Reply(tool_calls=(ASK if n % 2 else other,)) for n in range(20)]
    stage.server.rules = [Rule(anywhere="You poll.", times=1, reply=r) for r in replies]
    roles = {
        "poller": model_role("stage", instructions="You poll."),
        "last": model_role("stage", instructions="You end."),
    }
    played = stage.play(pipeline(roles, limits={**END, "breaker": {"repeats": 4}}))
    message = told_of_loop(played)
    assert "no_such_tool" in message
    assert "another_tool" in message


def test_b7_who_waits_and_then_goes_on_is_in_no_loop(stage: Stage) -> None:
    polls = [Rule(times=1, anywhere="You poll.", reply=Reply(tool_calls=(ASK,)))] * 1
    new = {"name": "no_such_tool", "arguments": {"path": "result.txt"}}
    stage.server.rules = [
        *(Rule(times=8, anywhere="You poll.", reply=Reply(tool_calls=(ASK,))) for _ in polls),
        Rule(times=1, anywhere="You poll.", reply=Reply(tool_calls=(new,))),
        Rule(times=8, anywhere="You poll.", reply=Reply(tool_calls=(ASK,))),
        Rule(reply=Reply(text="there it is")),
    ]
    roles = {
        "poller": model_role("stage", instructions="You poll."),
        "last": model_role("stage", instructions="You end."),
    }
    assert stage.play(pipeline(roles, limits=END)).output == "there it is"


def test_b7_delegating_the_same_again_and_again_is_a_loop(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You lead.", reply=Reply(tool_calls=(delegate("coder", "fix it"),))),
        Rule(anywhere="You are coder", reply=Reply(text="I cannot")),
    ]
    played = stage.play(desk(["coder"], limits=END))
    assert "'lead' delegates lead → coder: fix it, 6 times" in told_of_loop(played)
    assert len(trail.started(played.entries, "delegation")) == 5


def test_b7_a_loop_is_found_by_the_worker_that_takes_over_too(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You poll.", reply=Reply(tool_calls=(ASK,))),
        Rule(reply=Reply(text="x")),
    ]
    roles = {
        "poller": model_role("stage", instructions="You poll."),
        "last": model_role("stage", instructions="You end."),
    }
    played = Killed(stage, 25).play(pipeline(roles, limits=END))
    assert "12 times" in told_of_loop(played)
    refused = trail.started(played.entries, "tool_call")
    assert len(refused) == 11


def test_the_same_begun_side_by_side_is_no_loop(stage: Stage) -> None:
    wishes = tuple(delegate("coder", "one more idea") for _ in range(20))
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="twenty ideas")),
        Rule(anywhere="You are coder", latency_ms=100, reply=Reply(text="an idea")),
    ]
    played = stage.play(desk(["coder"], options={"max_delegations": 30}, limits=END))
    assert played.output == "twenty ideas"


@pytest.mark.parametrize("limits", [{"cost_usd": "0.05"}, {"tokens": 12_000}], ids=str)
def test_b8_fifty_branches_at_the_edge_of_a_budget_never_overspend(
    stage: Stage, limits: Json
) -> None:
    """Each may use all that it reserved; the budget is enough for some of them."""

    def most(call: Any) -> Reply:
        return Reply(text="x", usage=(300, call.body["max_tokens"]))

    stage.server.rules = [
        Rule(anywhere="You merge", reply=Reply(text="merged", usage=(10, 10))),
        Rule(latency_ms=200, reply=most),
    ]
    roles = {f"s{n}": model_role("specialist", ANTHROPIC, instructions="Go.") for n in range(50)}
    roles["merger"] = model_role("merger", ANTHROPIC, instructions="You merge.")
    played = stage.play(document("parallel", roles, limits={**limits, **END}))
    spent = played.run.tokens if "tokens" in limits else played.run.cost_usd
    (most_allowed,) = limits.values()
    assert 0 < spent <= Decimal(str(most_allowed))
    done = [call for call in stage.server.calls if "Go." in call.all_text]
    assert 5 < len(done) < 50
    refused = [e for e in played.entries if e["kind"] == "action.failed"]
    assert all(e["payload"]["error"]["kind"] == "budget" for e in refused)


def test_b8_a_branch_has_limits_of_its_own_that_a_takeover_keeps(stage: Stage) -> None:
    wishes = (delegate("greedy", "all of it"), delegate("modest", "a bit"))
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(anywhere="You are greedy", reply=Reply(tool_calls=(ASK,))),
        Rule(anywhere="You are modest", reply=Reply(text="a bit")),
    ]
    crew = desk(["greedy", "modest"], limits={"branch": {"calls": 3}, **END})
    for after in (0, 14):
        stage.server.calls.clear()
        for rule in stage.server.rules:
            rule.used = 0
        played = Killed(stage, after).play(crew) if after else stage.play(crew)
        assert played.output == "done"
        greedy = [e for e in trail.started(played.entries, "model_call") if e["agent"] == "greedy"]
        assert len(greedy) + (trail.attempts(played.entries) > 6) in (2, 3)
        assert "may make 3 model calls" in stage.server.calls[-1].all_text


@pytest.mark.parametrize(
    ("limits", "role", "told"),
    [
        ({"delegations": 2}, {}, "The run may delegate 2 times"),
        ({}, {"limits": {"delegations": 2}}, "Role 'lead' may delegate 2 times"),
    ],
)
def test_b8_delegations_are_limited_and_the_lead_is_told(
    stage: Stage, limits: Json, role: Json, told: str
) -> None:
    wishes = tuple(delegate(f"w{n}", "go") for n in range(5))
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="with two")),
    ]
    crew = desk([f"w{n}" for n in range(5)], lead=role, limits={**limits, **END})
    played = stage.play(crew)
    assert played.output == "with two"
    assert told in stage.server.calls[-1].all_text
    assert len([call for call in stage.server.calls if "You are w" in call.all_text]) == 2


@pytest.mark.parametrize(("depth", "inner"), [(1, 0), (2, 1)])
def test_b8_delegations_stand_only_so_deep_inside_each_other(
    stage: Stage, depth: int, inner: int
) -> None:
    """A worker that is a crew of its own delegates further, if it may."""
    stage.server.rules = [
        Rule(anywhere="You lead below.", times=1, reply=Reply(tool_calls=(delegate("w", "go"),))),
        Rule(anywhere="You lead below.", reply=Reply(text="below")),
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(delegate("team", "go"),))),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    below = desk(["w"], name="below")
    below["roles"]["lead"]["instructions"] = "You lead below."
    crew_publish(
        crew=crew_create(team=stage.team, user=stage.user, document=below), user=stage.user
    )
    team = {"seat": "worker", "kind": "crew", "crew": {"slug": "below"}}
    played = stage.play(desk({"team": team}, limits={"depth": depth, **END}))
    assert played.output == "done"
    asked = [call for call in stage.server.calls if "You are w." in call.all_text]
    assert len(asked) == inner
    told = "".join(call.all_text for call in stage.server.calls)
    assert ("1 deep inside each other" in told) == (inner == 0)


def test_the_calls_of_a_run_are_limited(stage: Stage) -> None:
    roles = {f"s{n}": model_role("stage", instructions=f"Step {n}.") for n in range(4)}
    played = stage.play(pipeline(roles, limits={"calls": 2, **END}))
    assert "The run may make 2 model calls and has made 2." in played.error["message"]
    assert len(stage.server.calls) == 2


def test_a_breaker_counts_anew_after_somebody_let_it_go_on() -> None:
    from crews.spec import Breaker as Limits
    from runs.engine.breaker import doing
    from runs.engine.recorder import Act

    act = Act(type="tool_call", name="look", agent="a", input={})
    breaker = Breaker(Limits(repeats=2))
    breaker.begin(doing(None, act))
    breaker.end(doing(None, act))
    with pytest.raises(LoopFound):
        breaker.begin(doing(None, act))
    breaker.reset()
    breaker.begin(doing(None, act))
