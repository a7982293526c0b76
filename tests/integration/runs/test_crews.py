"""Crews never seen before, imported over REST, against a server that speaks the real formats."""

import json
import time
from typing import Any

import pytest

from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import (
    ANTHROPIC,
    OPENAI,
    code_role,
    delegate,
    desk,
    model_role,
    pipeline,
    steps,
)
from tests.integration.runs.house import House

Json = Any
BOTH = pytest.mark.parametrize("model", [OPENAI, ANTHROPIC], ids=lambda model: model["provider"])
REPORT = {
    "type": "object",
    "required": ["report", "confidence"],
    "properties": {"report": {"type": "string"}, "confidence": {"type": "number"}},
}


def system(call: Call) -> str:
    return str(call.body.get("system") or call.body["messages"][0]["content"])


@BOTH
def test_a_pipeline_makes_one_call_a_step(house: House, model: Json) -> None:
    house.server.rules = [Rule(reply=lambda call: Reply(text=f"after {system(call)[8:10]}"))]
    run = house.start(steps(4, model=model), "The first task")
    entries = house.finished(run)
    assert [call.wire for call in house.calls()] == [model["provider"]] * 4
    assert house.read(run)["output"] == "after s3"
    assert all("The first task" in call.all_text for call in house.calls())
    assert "after s0" in house.calls()[1].last_text
    assert len(trail.started(entries, "handoff")) == 3
    assert house.read(run)["tokens"] == 4 * 15


@BOTH
def test_delegations_of_one_turn_run_in_parallel(house: House, model: Json) -> None:
    wishes = tuple(delegate(f"w{n}", f"part {n}") for n in range(6))
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="together")),
        Rule(latency_ms=1_000, reply=lambda call: Reply(text=f"{system(call)[8:10]} has it")),
    ]
    run = house.start(desk([f"w{n}" for n in range(6)], model=model))
    house.in_flight("You are w", count=6)
    house.finished(run)
    assert len(house.calls()) == 8
    results = house.calls("You lead.")[-1]
    # In the order of the calls, whoever was first.
    texts = results.all_text
    assert [texts.index(f"w{n} has it") for n in range(6)] == sorted(
        texts.index(f"w{n} has it") for n in range(6)
    )


def test_delegation_by_tags_until_the_end_word(house: House) -> None:
    first = "Plan: <coder_task>write it</coder_task> and <tester_task>test it</tester_task>"
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(text=first)),
        Rule(anywhere="You lead.", times=1, reply=Reply(text="Let me think")),
        Rule(anywhere="You lead.", reply=Reply(text="All is well. TASK_COMPLETE")),
        Rule(anywhere="You are coder", reply=Reply(text="written")),
        Rule(anywhere="You are tester", reply=Reply(text="tested")),
    ]
    run = house.start(desk(["coder", "tester"], {"delegation": "tags"}))
    house.finished(run)
    assert house.read(run)["output"] == "All is well."
    assert len(house.calls()) == 5
    assert not any(call.body.get("tools") for call in house.calls())
    told = house.calls("You lead.")[1].last_text
    assert told.index("written") < told.index("tested")


def test_what_must_be_reviewed_is_reviewed_before_the_end(house: House) -> None:
    reviewer = model_role("worker", instructions="You are critic.", capabilities=["review"])
    coder = model_role("worker", instructions="You are coder.")
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(delegate("coder", "write"),))),
        Rule(anywhere="You lead.", reply=Reply(text="finished, trust me")),
        Rule(anywhere="You are critic", reply=Reply(text="it holds")),
        Rule(reply=Reply(text="the code")),
    ]
    document = desk({"coder": coder, "critic": reviewer}, {"must_review": ["coder"]})
    run = house.start(document)
    entries = house.finished(run)
    (review,) = house.calls("You are critic")
    assert "the code" in review.last_text
    assert len(trail.started(entries, "review")) == 1


def test_delegations_end_at_their_maximum(house: House) -> None:
    wish = Reply(tool_calls=(delegate("coder", "again"), delegate("coder", "and again")))
    house.server.rules = [
        Rule(anywhere="You lead.", has="tools", reply=wish),
        Rule(anywhere="You lead.", reply=Reply(text="enough")),
    ]
    run = house.start(desk(["coder"], {"max_delegations": 3}))
    entries = house.finished(run)
    assert len(house.calls("You are coder")) == 3
    assert len(trail.started(entries, "delegation")) == 3
    assert house.read(run)["output"] == "enough"


def test_an_unknown_agent_and_a_tool_without_capability_are_refused(house: House) -> None:
    python = {"name": "run_python", "arguments": {"code": "print(1)"}}
    wishes = (delegate("nobody", "x"), python, {"name": "telepathy", "arguments": {}})
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
        Rule(anywhere="You lead.", reply=Reply(text="so be it")),
    ]
    document = desk(["coder"], lead={"tools": ["ask_human"]})
    run = house.start(document)
    entries = house.finished(run)
    assert len(house.calls()) == 2
    told = house.calls()[-1].all_text
    for why in ("agent_name", "no tool 'run_python'", "no tool 'telepathy'"):
        assert why in told
    refused = [
        e for e in entries if e["kind"] == "action.finished" and e["key"].endswith("refused")
    ]
    refused += [e for e in entries if e["kind"] == "action.finished" and "/refused" in e["key"]]
    assert refused
    assert all(entry["payload"]["output"]["refused"] for entry in refused)


@BOTH
def test_an_invalid_payload_goes_back_to_its_producer(house: House, model: Json) -> None:
    good = json.dumps({"report": "short", "confidence": 0.9})
    house.server.rules = [
        Rule(anywhere="first", contains="not accepted", reply=Reply(text=good)),
        Rule(anywhere="first", reply=Reply(text='{"report": 7}')),
        Rule(reply=Reply(text="the end")),
    ]
    roles = {
        "a": model_role("stage", model, instructions="first"),
        "b": model_role("stage", model, instructions="second"),
    }
    run = house.start(pipeline(roles, {0: {"schema": REPORT}}))
    house.finished(run)
    assert len(house.calls()) == 3
    assert "confidence" in house.calls()[1].last_text
    assert "short" in house.calls()[2].last_text


def test_a_payload_that_stays_invalid_is_a_persons_to_correct(house: House) -> None:
    house.server.rules = [Rule(anywhere="first", reply=Reply(text="nonsense")), Rule()]
    roles = {
        "a": model_role("stage", instructions="first"),
        "b": model_role("stage", instructions="second"),
    }
    edge = {"schema": REPORT, "on_invalid": {"retries": 1, "then": "escalate"}}
    run = house.start(pipeline(roles, {0: edge}))
    house.wait(run, lambda seen: seen["status"] == "waiting")
    assert len(house.calls()) == 2
    (asked,) = [a for a in house.get("/approvals")["approvals"] if a["run"] == run]
    path = f"/approvals/{run}/{asked['action']}/decide"
    assert house.ask("POST", path, {"choice": "perhaps"})[0] == 422
    assert house.ask("POST", path, {"choice": "edit", "value": {"report": 1}})[0] == 422
    value = {"report": "by hand", "confidence": 1}
    house.post(path, {"choice": "edit", "value": value, "comment": "I know"})
    entries = house.finished(run)
    assert len(house.calls()) == 3
    assert "by hand" in house.calls()[-1].last_text
    (decision,) = [entry for entry in entries if entry["kind"] == "decision.made"]
    assert decision["actor"].startswith("user:")
    assert house.ask("POST", path, {"choice": "reject"})[0] == 409


@pytest.mark.parametrize(("choice", "status"), [("approve", "finished"), ("reject", "failed")])
def test_low_confidence_asks_a_person(house: House, choice: str, status: str) -> None:
    doubtful = json.dumps({"report": "maybe", "confidence": 0.2})
    house.server.rules = [Rule(anywhere="first", reply=Reply(text=doubtful)), Rule()]
    roles = {
        "a": model_role("stage", instructions="first"),
        "b": model_role("stage", instructions="second"),
    }
    run = house.start(pipeline(roles, {0: {"schema": REPORT, "required_confidence": 0.7}}))
    seen = house.wait(run, lambda seen: seen["status"] == "waiting")
    assert len(house.calls()) == 1
    (asked,) = seen["waiting_for"]
    assert "0.7" in asked["question"]
    house.post(f"/approvals/{run}/{asked['action']}/decide", {"choice": choice})
    assert house.wait(run)["status"] == status
    assert len(house.calls()) == (2 if choice == "approve" else 1)


def test_a_question_of_an_agent_is_answered_over_rest(house: House) -> None:
    ask = {
        "name": "ask_human",
        "arguments": {"question": "Red or blue?", "choices": ["red", "blue"]},
    }
    house.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(ask,))),
        Rule(anywhere="You lead.", reply=Reply(text="painted")),
    ]
    run = house.start(desk(["coder"], lead={"tools": ["ask_human"]}))
    seen = house.wait(run, lambda seen: seen["status"] == "waiting")
    (asked,) = seen["waiting_for"]
    assert (asked["question"], asked["choices"]) == ("Red or blue?", ["red", "blue"])
    house.post(f"/approvals/{run}/{asked['action']}/decide", {"choice": "blue", "comment": "navy"})
    house.finished(run)
    assert len(house.calls()) == 2
    assert "blue" in house.calls()[-1].last_text


@pytest.mark.usefixtures("docker_client")
def test_stages_of_code_run_in_sandboxes_between_models(house: House) -> None:
    double = "import json, sys\nprint(json.dumps({'n': 2 * json.load(sys.stdin)['n']}))"
    number = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    house.server.rules = [
        Rule(anywhere="first", reply=Reply(text='{"n": 21}')),
        Rule(reply=lambda call: Reply(text=f"saw {call.last_text[-60:]}")),
    ]
    roles = {
        "a": model_role("stage", instructions="first"),
        "b": code_role("stage", double),
        "c": code_role("stage", double),
        "d": model_role("stage", instructions="last"),
    }
    run = house.start(pipeline(roles, {n: {"schema": number} for n in range(3)}))
    entries = house.finished(run, seconds=60)
    assert len(house.calls()) == 2
    assert '"n": 84' in house.calls()[-1].last_text
    assert len(trail.started(entries, "tool_call")) == 2


@pytest.mark.usefixtures("docker_client")
@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("raise SystemExit(3)", "ended with"),
        ("print('no json')", "not one JSON value"),
        ("print('1e999')", "Infinity"),
        (r"print('\"\\ud800\"')", "surrogate"),
        ("import time; time.sleep(60)", "ran out of time"),
    ],
)
def test_a_program_that_misbehaves_fails_its_stage(house: House, source: str, told: str) -> None:
    roles = {
        "a": code_role("stage", source, sandbox={"timeout_s": 2}),
        "b": model_role("stage"),
    }
    run = house.start(pipeline(roles, {0: {"on_invalid": {"then": "fail"}}}))
    ended = house.wait(run, seconds=60)
    assert ended["status"] == "failed"
    assert told in ended["error"]["message"]
    assert house.calls() == []
    trail.check(house.entries(run))


def test_many_runs_at_once_all_end(house: House) -> None:
    house.server.rules = [Rule(latency_ms=50)]
    crew = house.post("/crews/import", steps(3))
    begun = time.monotonic()
    runs = [house.post("/runs", {"crew": crew["id"], "task": f"t{n}"})["id"] for n in range(25)]
    for run in runs:
        assert house.wait(run)["status"] == "finished"
    assert len(house.calls()) == 75
    assert time.monotonic() - begun < 30
