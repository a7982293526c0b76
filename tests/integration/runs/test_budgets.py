"""Limits of tokens, money, calls, actions and time, of a crew and of a role."""

from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import ANTHROPIC, OPENAI, delegate, desk, model_role, steps
from tests.integration.runs.kills import Killed, replayed
from tests.integration.runs.playing import Stage

Json = Any


def test_no_limit_is_reached_by_a_run_that_keeps_them(stage: Stage) -> None:
    played = stage.play(steps(3, limits={"tokens": 100_000, "cost_usd": "1.00", "actions": 20}))
    assert played.run.status == "finished"
    assert played.run.tokens == 45
    assert len(stage.server.calls) == 3


@pytest.mark.parametrize(
    ("limits", "calls", "told"),
    [
        ({"tokens": 700}, None, "The run may use 700 tokens"),
        ({"cost_usd": "0.000001"}, 0, "The run may spend $0.000001"),
        ({"actions": 6}, None, "The run may take 6 actions"),
        ({"seconds": 1}, None, "The run's time is used up"),
    ],
)
def test_a_limit_of_the_crew_ends_the_run_and_is_named(
    stage: Stage, limits: Json, calls: int | None, told: str
) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(200, 20)), latency_ms=150)]
    played = stage.play(steps(12, limits=limits | {"on_reached": "end"}))
    assert played.run.status == "failed"
    assert told in played.error["message"]
    assert played.error["advice"]
    assert replayed(played) > 0
    assert calls is None or len(stage.server.calls) == calls
    assert len(stage.server.calls) < 12
    if "tokens" in limits:
        assert played.run.tokens <= 700


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"calls": 2}, "Role 'coder' may make 2 model calls and has made 2."),
        ({"tokens": 600}, "Role 'coder' may use 600 tokens"),
        ({"cost_usd": "0.0002"}, "Role 'coder' may spend $0.0002"),
        ({"seconds": 1}, "'coder' took longer than its 1 seconds."),
    ],
)
def test_a_limit_of_a_role_is_told_to_the_lead_who_can_go_on(
    stage: Stage, limits: Json, told: str
) -> None:
    wishes = [Reply(tool_calls=(delegate("coder", f"part {n}"),)) for n in range(4)]
    slow = 3_000 if "seconds" in limits else 0
    stage.server.rules = [
        *(Rule(anywhere="You lead.", times=1, reply=wish) for wish in wishes),
        Rule(anywhere="You lead.", reply=Reply(text="as far as we came")),
        Rule(anywhere="You are coder", latency_ms=slow, reply=Reply(text="x", usage=(200, 50))),
    ]
    coder = model_role("worker", instructions="You are coder.", limits={**limits, "retries": 0})
    played = stage.play(desk({"coder": coder}))
    if played.entries[-1]["kind"] == "run.waiting":
        # Twice failed: the lead's person is asked, which is as good an end here.
        assert told in str(played.entries[-1]["payload"]["context"])
        return
    assert played.run.status == "finished"
    assert told in "\n".join(call.last_text for call in stage.server.calls)
    assert replayed(played) > 0


@pytest.mark.parametrize(
    ("model", "limits"),
    [
        (OPENAI, {"tokens": 4_000}),
        (ANTHROPIC, {"tokens": 4_000}),
        (OPENAI, {"cost_usd": "0.002"}),
        (ANTHROPIC, {"cost_usd": "0.02"}),
    ],
    ids=str,
)
def test_branches_side_by_side_never_overspend(stage: Stage, model: Json, limits: Json) -> None:
    """Eight branches at the edge of a budget that is enough for some of them."""
    wishes = tuple(delegate(f"w{n}", "do it") for n in range(8))
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        # The most that a call may use, so that what was reserved is spent.
        Rule(latency_ms=300, reply=lambda call: Reply(text="x" * 400, usage=(400, _most(call)))),
    ]
    document = desk([f"w{n}" for n in range(8)], model=model, limits=limits | {"on_reached": "end"})
    played = stage.play(document)
    spent = played.run.tokens if "tokens" in limits else played.run.cost_usd
    assert spent <= Decimal(str(next(iter(limits.values()))))
    workers = [call for call in stage.server.calls if "You are w" in call.all_text]
    assert len(workers) < 8
    assert "may " in str(played.error or [c.last_text for c in stage.server.calls])


def _most(call: Any) -> int:
    body = call.body
    return int(body.get("max_completion_tokens") or body.get("max_tokens"))


def test_a_reservation_that_was_not_needed_is_given_back(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(50, 5)))]
    played = stage.play(steps(8, limits={"tokens": 1_300}))
    assert played.run.status == "finished", played.error
    assert played.run.tokens == 8 * 55


def test_money_is_counted_by_the_list_price(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="x", usage=(1_000_000, 0)))]
    played = stage.play(steps(2, model=ANTHROPIC))
    # claude-sonnet-4-5: $3 for a million input tokens up to 200,000 a call, then $6.
    assert played.run.cost_usd > 0
    ends = [
        e for e in played.entries if e["kind"] == "action.finished" and e["payload"].get("usage")
    ]
    assert sum(Decimal(e["payload"]["cost_usd"]) for e in ends) == played.run.cost_usd
    assert Decimal(played.entries[-1]["payload"]["totals"]["cost_usd"]) == played.run.cost_usd
    assert not played.run.unpriced


def test_an_unknown_model_has_no_price_and_says_so(stage: Stage) -> None:
    played = stage.play(steps(2, model={"provider": "openai", "name": "house-model-7b"}))
    assert played.run.status == "finished"
    assert played.run.unpriced
    assert trail.attempts(played.entries) == 2


def test_a_call_that_is_lost_for_good_leaves_the_cost_unknown(stage: Stage) -> None:
    crew = steps(2, limits={"on_failures": "proceed"})
    crew["roles"]["s0"]["limits"] = {"calls": 1}
    played = Killed(stage, 3).play(crew)
    assert "may make 1 model call and has made 1" in played.error["message"]
    assert trail.attempts(played.entries) == 1
    assert played.entries[-1]["payload"]["totals"]["unpriced"]
    assert played.run.unpriced


def test_the_breaker_ends_a_run_that_keeps_failing(stage: Stage) -> None:
    stage.server.rules = [Rule(status=500)]
    limits = {"breaker": {"failures": 2, "window": 5}, "on_reached": "end"}
    roles = [model_role("stage", limits={"retries": 5})]
    played = stage.play(steps(2, limits=limits) | {"roles": {f"s{n}": roles[0] for n in range(2)}})
    assert played.run.status == "failed"
    assert "2 of the last 2 calls failed" in played.error["message"]
    assert len(stage.server.calls) == 2
    assert replayed(played) > 0


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_what_was_cut_off_is_paid_for(stage: Stage, model: Json) -> None:
    half = Reply(text="word " * 40, pieces=20)
    stage.server.rules = [Rule(reply=half, fault="cut", after=12, times=1), Rule()]
    played = stage.play(steps(2, model=model, limits={"cost_usd": "0.05"}), "The task " * 50)
    (cut,) = [e["payload"] for e in played.entries if e["kind"] == "action.failed"]
    assert Decimal(cut["cost_usd"]) > 0
    ends = [e["payload"] for e in played.entries if e["payload"].get("usage")]
    spent = sum(Decimal(end["cost_usd"]) for end in ends)
    assert Decimal(played.entries[-1]["payload"]["totals"]["cost_usd"]) == spent
    assert not played.run.unpriced
