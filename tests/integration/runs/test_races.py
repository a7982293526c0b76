"""Many at once: one approval decided by fifty, one key started by fifty."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import desk, steps
from tests.integration.runs.house import House

Json = Any


def test_of_fifty_decisions_one_wins(house: House) -> None:
    ask = {"name": "ask_human", "arguments": {"question": "?", "choices": ["a", "b"]}}
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(ask,))),
        Rule(reply=Reply(text="decided")),
    ]
    run = house.start(desk(["coder"], lead={"tools": ["ask_human"]}))
    (asked,) = house.wait(run, lambda seen: seen["status"] == "waiting")["waiting_for"]
    path = f"/approvals/{run}/{asked['action']}/decide"

    def decide(n: int) -> int:
        return house.ask("POST", path, {"choice": "ab"[n % 2], "comment": f"number {n}"})[0]

    with ThreadPoolExecutor(50) as threads:
        codes = Counter(threads.map(decide, range(50)))
    assert codes == {200: 1, 409: 49}
    entries = house.finished(run)
    assert sum(entry["kind"] == "decision.made" for entry in entries) == 1
    assert len(house.calls()) == 2


def test_of_fifty_requests_with_one_key_one_starts(house: House) -> None:
    crew = house.post("/crews/import", steps(2))
    key = uuid4().hex

    def start(_: int) -> tuple[int, str]:
        body = {"crew": crew["id"], "task": "once"}
        code, run = house.ask("POST", "/runs", body, Idempotency_Key=key)
        return code, run.get("id")

    with ThreadPoolExecutor(50) as threads:
        answers = Counter(threads.map(start, range(50)))
    ((code, run),) = answers
    assert code == 201
    house.finished(run)
    assert len(house.calls()) == 2
    body = {"crew": crew["id"], "task": "something else"}
    assert house.ask("POST", "/runs", body, Idempotency_Key=key)[0] == 409


def test_cancel_pause_and_resume_by_many_leave_one_truth(house: House) -> None:
    house.server.rules = [Rule(latency_ms=300)]
    run = house.start(steps(4))
    house.in_flight("step 0")

    def command(n: int) -> int:
        return house.ask("POST", f"/runs/{run}/{('pause', 'resume')[n % 2]}", {})[0]

    with ThreadPoolExecutor(20) as threads:
        codes = set(threads.map(command, range(40)))
    assert codes <= {200, 409}
    house.ask("POST", f"/runs/{run}/resume", {})
    house.finished(run)
    assert len(house.calls()) == 4
