"""What must hold of every journal, however the run went."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from callsheet_verify import verify

Json = Any
ENDS = ("run.finished", "run.cancelled")


def check(entries: list[Json]) -> None:
    """Fail unless the entries are a sound journal: no hole, no fork, nothing done twice."""
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["kind"] == "run.started"
    chain = verify(map(json.dumps, entries))
    missing_head = [
        problem for problem in chain.problems if "signed head is missing" not in problem
    ]
    assert missing_head == []
    by_action = defaultdict(list)
    for entry in entries:
        if entry["action"]:
            by_action[entry["action"]].append(entry)
    for told in by_action.values():
        _check_action(told, by_action)
    for n, entry in enumerate(entries):
        if entry["kind"] in ENDS:
            assert [late["kind"] for late in entries[n + 1 :]] in ([], ["redacted"])


def _check_action(told: list[Json], by_action: dict[str, list[Json]]) -> None:
    kinds = [entry["kind"] for entry in told]
    assert kinds[0] == "action.started", kinds
    final = [
        entry
        for entry in told
        if entry["kind"] == "action.finished"
        or (entry["kind"] == "action.failed" and entry["payload"]["final"])
    ]
    assert len(final) <= 1, f"{told[0]['key']} ended twice: {kinds}"
    if final:
        assert told[-1] is final[0], f"{told[0]['key']} went on after its end: {kinds}"
    attempts = [e["payload"]["attempt"] for e in told if e["kind"] == "action.started"]
    assert attempts == list(range(1, len(attempts) + 1)), f"{told[0]['key']}: attempts {attempts}"
    parent = told[0]["parent"]
    assert parent is None or by_action[parent][0]["seq"] < told[0]["seq"]


def started(entries: Iterable[Json], type: str = "") -> list[Json]:
    """Return the first starts of the actions (of a type)."""
    return [
        entry
        for entry in entries
        if entry["kind"] == "action.started"
        and entry["payload"]["attempt"] == 1
        and type in ("", entry["payload"]["type"])
    ]


def outcome(entries: list[Json]) -> dict[str, Json]:
    """Return what a run came to, by the keys of its actions, without times, ids and attempts."""
    found: dict[str, Json] = {}
    for entry in entries:
        payload = entry["payload"]
        if entry["kind"] == "action.started":
            found[entry["key"]] = [payload["type"], payload["name"], payload["input_hash"]]
        elif entry["kind"] == "action.finished":
            found[entry["key"]] = [*found[entry["key"]][:3], payload["output"]]
        elif entry["kind"] == "run.finished":
            found["run"] = [payload["status"], payload.get("output"), payload.get("error")]
    return found


def attempts(entries: Iterable[Json], type: str = "model_call") -> int:
    """Return how often actions of a type were begun, repetitions counted."""
    return sum(e["kind"] == "action.started" and e["payload"]["type"] == type for e in entries)
