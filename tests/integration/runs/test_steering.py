"""Cancel, pause, resume, park: what people do to runs, and what runs do to themselves."""

import time
from typing import Any

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, steps
from tests.integration.runs.house import House

Json = Any


def test_cancel_ends_the_call_in_flight_and_no_other_follows(house: House) -> None:
    house.server.rules = [Rule(anywhere="step 1", latency_ms=60_000)]
    run = house.start(steps(3))
    house.in_flight("step 1")
    house.post(f"/runs/{run}/cancel", {"reason": "wrong task"})
    assert house.read(run)["status"] == "cancelled"
    assert house.read(run)["unpriced"]
    house.server.wait(lambda: house.calls("step 1")[0].ended == "abandoned", 5)
    assert len(house.calls()) == 2
    entries = house.entries(run)
    trail.check(entries)
    assert entries[-1]["kind"] == "run.cancelled"
    assert entries[-1]["actor"].startswith("user:")
    assert house.post(f"/runs/{run}/verify", {})["ok"]
    bodies: list[Json] = [None, {}]
    for command in ("cancel", "pause", "resume"):
        for body in bodies:
            assert house.ask("POST", f"/runs/{run}/{command}", body)[0] == 409


def test_pause_lets_the_call_end_and_starts_nothing(house: House) -> None:
    wishes = tuple(delegate(f"w{n}", f"part {n}") for n in range(3))
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="all done")),
        *(Rule(anywhere=f"You are w{n}", latency_ms=500 + 700 * n) for n in range(3)),
    ]
    run = house.start(desk([f"w{n}" for n in range(3)]))
    house.in_flight("You are w", count=3)
    house.post(f"/runs/{run}/pause", None)
    house.server.wait(lambda: all(call.ended == "answered" for call in house.calls()), 10)
    house.wait(run, lambda seen: len(_usages(house, run)) == 4)
    paused = house.entries(run)
    halt = next(entry for entry in paused if entry["kind"] == "run.paused")
    effects = trail.started(paused, "model_call") + trail.started(paused, "tool_call")
    assert [e["key"] for e in effects if e["seq"] > halt["seq"]] == []
    assert house.read(run)["status"] == "paused"
    assert len(house.calls()) == 4
    house.post(f"/runs/{run}/resume", {})
    house.finished(run)
    assert len(house.calls()) == 5


def _usages(house: House, run: str) -> list[Json]:
    entries = house.entries(run)
    return [e for e in entries if e["kind"] == "action.finished" and e["payload"].get("usage")]


def test_a_pause_outlives_a_question_and_its_answer(house: House) -> None:
    house.server.rules = [
        Rule(
            anywhere="You lead.",
            times=1,
            latency_ms=1_000,
            reply=Reply(tool_calls=({"name": "ask_human", "arguments": {"question": "Which?"}},)),
        ),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
    ]
    run = house.start(desk(["coder"], lead={"tools": ["ask_human"]}))
    house.in_flight("You lead.")
    house.post(f"/runs/{run}/pause", {})
    house.wait(run, lambda _: _usages(house, run))
    time.sleep(0.5)
    seen = house.read(run)
    assert seen["status"] == "paused"
    if not seen["waiting_for"]:
        house.post(f"/runs/{run}/resume", {})
        house.wait(run, lambda now: now["status"] == "waiting")
        house.post(f"/runs/{run}/pause", {})
        seen = house.read(run)
    (question,) = seen["waiting_for"]
    house.post(
        f"/approvals/{run}/{question['action']}/decide", {"choice": "answer", "value": "That one"}
    )
    time.sleep(2)
    assert house.read(run)["status"] == "paused"
    assert len(house.calls()) == 1
    house.post(f"/runs/{run}/resume", {})
    house.finished(run)
    assert "That one" in house.calls()[-1].last_text


def test_pause_and_resume_at_once_change_nothing(house: House) -> None:
    house.server.rules = [Rule(latency_ms=100)]
    run = house.start(steps(6))

    def in_flight_or_over() -> bool:
        calls = house.calls("You are step")
        return any(not call.ended for call in calls) or len(calls) == 6

    for _ in range(8):
        house.server.wait(in_flight_or_over, 30)
        assert house.ask("POST", f"/runs/{run}/pause", {})[0] in (200, 409)
        assert house.ask("POST", f"/runs/{run}/resume", {})[0] in (200, 409)
        if house.read(run)["status"] == "finished":
            break
    house.finished(run)
    assert len(house.calls()) == 6
