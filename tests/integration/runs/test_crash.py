"""Workers killed at any point: the run finishes by itself, and nothing finished is done again."""

import os
import signal
import time
from typing import Any

import docker

from runs.engine.workspace import RUN_LABEL
from tests.engines.processes import wait_until
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import code_role, delegate, desk, pipeline, steps
from tests.integration.runs.house import House, thaw

Json = Any
BACK_S = 45
HANDED_OVER = {"reason": "The worker before was told to end.", "handover": True}


def test_killed_in_a_call_and_right_after_an_answer(house: House) -> None:
    house.server.rules = [
        Rule(anywhere="step 1", latency_ms=60_000, times=1),
        Rule(latency_ms=30, reply=lambda call: Reply(text=f"answer to {call.last_text[:40]}")),
    ]
    run = house.start(steps(6))
    house.in_flight("step 1")
    house.kill_workers()
    house.server.wait(lambda: any(c.ended == "answered" for c in house.calls("step 3")), 30)
    house.kill_workers()
    entries = house.finished(run, seconds=BACK_S)
    assert len(house.calls("step 0")) == 1
    assert len(house.calls("step 1")) == 2
    assert len(house.calls()) == trail.attempts(entries)
    assert len(house.calls()) <= 6 + 2
    assert house.read(run)["unpriced"]
    lost = [entry for entry in entries if entry["kind"] == "run.resumed"]
    assert 1 <= len(lost) <= 2
    assert all(entry["actor"] == "system" for entry in lost)


def test_killed_with_branches_in_flight(house: House) -> None:
    wishes = tuple(delegate(f"w{n}", f"part {n}") for n in range(4))
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="all done")),
        Rule(anywhere="You are w0"),
        *(Rule(anywhere=f"You are w{n}", times=1, latency_ms=60_000) for n in (1, 2)),
    ]
    run = house.start(desk([f"w{n}" for n in range(4)]))
    house.in_flight("You are w", count=2)
    house.wait(run, lambda _: len(_finished_calls(house, run)) >= 3)
    house.kill_workers()
    entries = house.finished(run, seconds=BACK_S)
    assert [len(house.calls(f"You are w{n}")) for n in range(4)] == [1, 2, 2, 1]
    assert len(house.calls("You lead.")) == 2
    assert len(house.calls()) == trail.attempts(entries)


def _finished_calls(house: House, run: str) -> list[Json]:
    return [
        e
        for e in house.entries(run)
        if e["kind"] == "action.finished" and e["payload"].get("usage")
    ]


def test_killed_while_paused(house: House) -> None:
    house.server.rules = [Rule(anywhere="step 0", times=1, latency_ms=60_000)]
    run = house.start(steps(3))
    house.in_flight("step 0")
    house.post(f"/runs/{run}/pause", {"reason": "let me look"})
    house.kill_workers()
    time.sleep(3)  # longer than a sweep: nobody may take it up
    assert house.read(run)["status"] == "paused"
    assert len(house.calls()) == 1
    house.post(f"/runs/{run}/resume", {})
    entries = house.finished(run, seconds=BACK_S)
    assert len(house.calls()) == trail.attempts(entries) == 4


def test_the_owner_frozen_and_thawed_after_another_took_over(house: House) -> None:
    first, second = house.two_workers()
    house.server.rules = [
        Rule(anywhere="step 1", times=1, latency_ms=4_000, reply=Reply(text="stale")),
        Rule(anywhere="step 2", times=1, latency_ms=3_000, reply=Reply(text="fresh")),
    ]
    house.freeze(second)
    try:
        run = house.start(steps(4))
        house.in_flight("step 1")
        house.freeze(first)
        thaw(second)
        # The other one takes over when the lease has run out, and is in the next call when the
        # first one wakes up with an old answer in its hands.
        house.in_flight("step 2")
        thaw(first)
        entries = house.finished(run)
    finally:
        thaw(first)
        thaw(second)
    assert len(house.calls("step 1")) == 2
    assert [len(house.calls(f"step {n}")) for n in (0, 2, 3)] == [1, 1, 1]
    assert "stale" not in str([e["payload"] for e in entries])
    assert len(house.calls()) == trail.attempts(entries)
    # The one that lost it is not broken: it drives the next run.
    house.freeze(second)
    try:
        house.finished(house.start(steps(2)))
    finally:
        thaw(second)


def test_a_worker_that_is_told_to_end_hands_its_run_over_at_once(house: House) -> None:
    first, second = house.two_workers()
    house.server.rules = [Rule(anywhere="step 1", times=1, latency_ms=60_000)]
    house.freeze(second)
    try:
        run = house.start(steps(3))
        house.in_flight("step 1")
    finally:
        thaw(second)
    os.kill(first, signal.SIGTERM)
    # The lease would have lasted longer.
    house.server.wait(lambda: len(house.calls("step 1")) == 2, 6)
    entries = house.finished(run)
    assert len(house.calls()) == trail.attempts(entries) == 4
    assert [e["payload"] for e in entries if e["kind"] == "run.resumed"] == [HANDED_OVER]
    wait_until(lambda: first not in house.workers(), what="the worker's end")


COUNTS = """
import json, os, time
with open("begun", "a") as file:
    file.write("x")
time.sleep(2)
print(json.dumps({"begun": os.path.getsize("begun"), "notes": open("notes.txt").read()}))
"""


def test_killed_in_a_command(house: House, docker_client: docker.DockerClient) -> None:
    """The next worker takes the living container up again and waits for the same command."""
    shared = {"image": "minimal", "shared": "desk"}
    writes = 'open("notes.txt", "w").write("kept")\nprint("{}")'
    roles = {
        "writer": code_role("stage", writes, sandbox=shared),
        "counter": code_role("stage", COUNTS, sandbox=shared),
    }
    run = house.start(pipeline(roles))

    mine: Json = {"label": f"{RUN_LABEL}={run}"}

    def at_it() -> bool:
        found = docker_client.containers.list(filters=mine, ignore_removed=True)
        return any(box.exec_run(["test", "-e", "/workspace/begun"])[0] == 0 for box in found)

    wait_until(at_it, seconds=30, what="the second program")
    house.kill_workers()
    entries = house.finished(run, seconds=60)
    assert entries[-1]["payload"]["output"] == {"begun": 1, "notes": "kept"}
    started = [e for e in entries if e["kind"] == "action.started" and "counter/" in e["key"]]
    assert [e["payload"]["attempt"] for e in started] == [1, 2]
    wait_until(
        lambda: not docker_client.containers.list(all=True, filters=mine, sparse=True),
        seconds=40,
        what="the run's container being gone",
    )
