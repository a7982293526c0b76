"""What a role is bound by beyond its prompt: constraints (A10), rates of tools and credentials, and
results that are found again (B8, B9)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from runs.engine import rates
from runs.engine.rates import Rate
from runs.models import CachedResult, RateLimit
from runs.services import entry_redact
from teams.services import credential_set
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, model_role, pipeline
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any


@pytest.mark.parametrize(
    ("constraint", "tool"),
    [("No code execution", "shell"), ("read only", "write_file"), ("no network", "http_get")],
)
@pytest.mark.usefixtures("docker_client")
def test_a10_a_constraint_keeps_a_listed_tool_from_its_role(
    stage: Stage, constraint: str, tool: str
) -> None:
    arguments = {
        "shell": {"command": "id"},
        "write_file": {"path": "a", "content": "b"},
        "http_get": {"url": "https://example.com/"},
    }
    call = {"name": tool, "arguments": arguments[tool]}
    stage.server.rules = [
        Rule(anywhere="You try.", times=1, reply=Reply(tool_calls=(call,))),
        Rule(reply=Reply(text="then not")),
    ]
    listed = {"name": tool, "options": {"allow": ["*"]}} if tool == "http_get" else tool
    first = model_role(
        "stage",
        instructions="You try.",
        constraints=[constraint],
        capabilities=["code_execution", "file_management"],
        tools=[listed, "ask_human"],
    )
    played = stage.play(pipeline({"a": first, "b": model_role("stage")}))
    assert played.run.status == "finished"
    offered = [item["function"]["name"] for item in stage.server.calls[0].body["tools"]]
    assert offered == ["ask_human"]
    assert constraint in stage.server.calls[0].all_text
    (refused,) = trail.started(played.entries, "tool_call")
    assert refused["key"].endswith("refused")
    assert "constraint" in stage.server.calls[1].last_text


# -- rates --------------------------------------------------------------------------------------


def shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a minute of the limits take three seconds."""
    monkeypatch.setattr(rates, "MINUTE_S", 3.0)


def begun(played: Played, type: str) -> list[Json]:
    return [e["payload"] for e in trail.started(played.entries, type)]


def test_b9_a_tool_is_called_no_faster_than_its_rate(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened(monkeypatch)
    calls = tuple({"name": "note", "arguments": {"text": f"{n}"}} for n in range(5))
    stage.server.rules = [
        Rule(anywhere="You note.", times=1, reply=Reply(tool_calls=calls)),
        Rule(reply=Reply(text="noted")),
    ]
    tools = [{"name": "note", "per_minute": 2}]
    roles = {
        "a": model_role("stage", instructions="You note.", tools=tools),
        "b": model_role("stage"),
    }
    played = stage.play(pipeline(roles))
    assert played.run.status == "finished"
    waits = [payload.get("waits_s", 0.0) for payload in begun(played, "tool_call")]
    assert len(waits) == 5
    assert waits[0] == 0.0
    assert any(wait > 0 for wait in waits)
    told = {payload.get("waits_for") for payload in begun(played, "tool_call")}
    assert told == {None, "2 calls of note a minute"}
    (row,) = RateLimit.objects.all()
    assert row.begun == sorted(row.begun)
    assert row.begun[4] - row.begun[2] >= 2.99
    assert row.begun[2] - row.begun[0] >= 2.99


def test_b9_the_calls_with_a_credential_are_limited_over_all_runs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened(monkeypatch)
    credential_set(
        team=stage.team,
        provider="openai",
        api_key="sk-test",
        base_url=stage.server.openai_url,
        per_minute=3,
    )
    roles = {f"s{n}": model_role("stage", instructions=f"Step {n}.") for n in range(2)}
    for _ in range(2):
        played = stage.play(pipeline(roles))
        assert played.run.status == "finished"
    (row,) = RateLimit.objects.all()
    assert len(row.begun) == 4
    assert row.begun[3] - row.begun[0] >= 2.99
    assert "credential openai/default" in begun(played, "model_call")[-1]["waits_for"]


def test_a_rate_that_outlasts_the_run_ends_it_at_its_deadline(stage: Stage) -> None:
    tools = [{"name": "note", "per_minute": 1}]
    calls = tuple({"name": "note", "arguments": {"text": f"{n}"}} for n in range(2))
    stage.server.rules = [Rule(reply=Reply(tool_calls=calls))]
    roles = {"a": model_role("stage", tools=tools), "b": model_role("stage")}
    played = stage.play(pipeline(roles, limits={"seconds": 3, "on_reached": "end"}))
    assert played.error["kind"] == "budget"
    assert "time is used up" in played.error["message"]


def test_b9_workers_keep_a_rate_together(transactional_db: None) -> None:
    """Twenty callers on connections of their own: never more than the rate in any window."""
    rate = Rate(key="tool/x", per_minute=5, told="5 a minute")
    ready = threading.Barrier(20)

    def one(_: int) -> float:
        ready.wait()
        try:
            return rates.claim(rate)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        waits = sorted(pool.map(one, range(20)))
    row = RateLimit.objects.get()
    assert len(row.begun) == 20
    for first, sixth in zip(row.begun, row.begun[5:], strict=False):
        assert sixth - first >= 59.99
    assert waits[:5] == [0.0] * 5
    assert waits[-1] > 170


def test_a_fast_rate_is_kept_in_shorter_windows(transactional_db: None) -> None:
    rate = Rate(key="tool/x", per_minute=600, told="")
    with transaction.atomic():
        waits = [rates.claim(rate) for _ in range(130)]
    assert waits[59] == 0
    assert 0 < waits[60] <= 6
    assert waits[120] > 6


# -- cache --------------------------------------------------------------------------------------


def cached_line(**fields: Json) -> Json:
    roles = {
        "reader": model_role("stage", instructions="You read.", cache=True),
        "writer": model_role("stage", instructions="You write.", cache=True, **fields),
    }
    return pipeline(roles)


def test_b8_an_identical_sub_task_is_done_once_and_names_its_origin(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=lambda call: Reply(text=f"answer {len(stage.server.calls)}"))]
    first = stage.play(cached_line())
    assert len(stage.server.calls) == 2
    second = stage.play(cached_line())
    assert len(stage.server.calls) == 2
    assert second.output == first.output
    assert second.run.tokens == 0
    assert second.run.cost_usd == 0
    assert second.entries[-1]["payload"]["totals"]["calls"] == 0
    for entry in trail.started(second.entries, "ask"):
        origin = entry["payload"]["cached"]
        assert origin["run"] == str(first.run.pk)
        assert origin["action"] == first.action(entry["key"])[0]["action"]
    assert replayed(second) > 0
    other = stage.play(cached_line(), task="Another task")
    assert len(stage.server.calls) == 4
    assert other.output != first.output


def test_b8_the_calls_of_a_role_with_tools_are_found_one_by_one(stage: Stage) -> None:
    lead = {"cache": True}
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(delegate("coder", "do it"),))),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(anywhere="You are coder", reply=Reply(text="the same")),
    ]
    stage.play(desk(["coder"], lead=lead))
    again = stage.play(desk(["coder"], lead=lead))
    assert again.output == "done"
    workers = [call for call in stage.server.calls if "You are coder" in call.all_text]
    leads = [call for call in stage.server.calls if "You lead." in call.all_text]
    assert (len(leads), len(workers)) == (2, 2)
    hits = [payload for payload in begun(again, "model_call") if payload.get("cached")]
    assert len(hits) == 2


def test_b8_an_empty_answer_is_not_found_again(stage: Stage) -> None:
    lead = {"cache": True, "limits": {"retries": 0}}
    stage.server.rules = [Rule(times=1, reply=Reply(text="")), Rule(reply=Reply(text="done"))]
    assert stage.play(desk(["coder"], lead=lead)).run.status == "failed"
    assert stage.play(desk(["coder"], lead=lead)).output == "done"


def test_b8_nothing_is_found_that_nobody_asked_for_or_of_another_team(stage: Stage) -> None:
    plain = pipeline({n: model_role("stage", instructions=f"You {n}.") for n in ("read", "write")})
    for _ in range(2):
        stage.play(plain)
    assert len(stage.server.calls) == 4
    assert not CachedResult.objects.exists()


def test_b8_what_was_erased_at_its_origin_is_not_served(stage: Stage) -> None:
    first = stage.play(cached_line())
    for entry in first.entries:
        if entry["kind"] == "action.finished" and entry["key"] == "reader":
            entry_redact(run=first.run, seq=entry["seq"], user=stage.user, reason="asked for")
    stage.server.calls.clear()
    second = stage.play(cached_line())
    assert second.run.status == "finished"
    assert len(stage.server.calls) == 1
    third = stage.play(cached_line())
    assert len(stage.server.calls) == 1
    origin = trail.started(third.entries, "ask")[0]["payload"]["cached"]
    assert origin["run"] == str(second.run.pk)


def test_b8_what_is_too_old_is_not_served(stage: Stage) -> None:
    stage.play(cached_line())
    CachedResult.objects.update(kept_at=timezone.now() - timedelta(days=31))
    stage.server.calls.clear()
    played = stage.play(cached_line(cache_s=40 * 86_400))
    assert [call.all_text.count("You read.") for call in stage.server.calls] == [1]
    assert "cached" not in played.action("reader")[0]["payload"]
    assert "cached" in played.action("writer")[0]["payload"]


def test_b8_a_failed_or_rescued_result_is_not_kept(stage: Stage) -> None:
    def answer(call: Call) -> Reply:
        return Reply(text='{"n": 1}' if "Guess." in call.all_text else "what?")

    stage.server.rules = [Rule(anywhere="You write.", reply=answer), Rule(reply=answer)]
    crew = cached_line(
        returns={"type": "object", "required": ["n"]},
        fallback_instructions="Guess.",
        limits={"retries": 0},
    )
    for _ in range(2):
        stage.server.calls.clear()
        assert stage.play(crew).output == {"n": 1}
        assert any("Guess." in call.all_text for call in stage.server.calls)


def test_a_run_with_results_from_others_survives_kills(stage: Stage) -> None:
    stage.play(cached_line())
    played = survives_kills(stage, cached_line())
    assert begun(played, "model_call") == []


def test_b8_the_audit_says_where_a_result_is_from(stage: Stage) -> None:
    first, second = stage.play(cached_line()), stage.play(cached_line())
    client = Client()
    client.force_login(stage.user)
    places = [(run.run.pk, run.action("reader")[0]["action"]) for run in (first, second)]
    page = client.get("/runs/{}/audit/{}/".format(*places[1])).content.decode()
    assert "taken from the same call" in page
    assert "/runs/{}/audit/{}/".format(*places[0]) in page
