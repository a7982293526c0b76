"""Patterns that end early (B8), and routers that are held to a contract (E2, E3)."""

import json
from typing import Any

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, document, model_role
from tests.integration.runs.kills import survives_kills
from tests.integration.runs.playing import Stage

Json = Any


def sure(confidence: float) -> Json:
    return {"name": "report_confidence", "arguments": {"confidence": confidence, "reason": "seen"}}


def test_b8_a_lead_that_is_confident_enough_delegates_no_more(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are coder", reply=Reply(text="found it")),
        Rule(contains="Go on.", reply=Reply(tool_calls=(sure(0.95), delegate("coder", "b")))),
        Rule(contains="That is enough", reply=Reply(tool_calls=(delegate("coder", "c"),))),
        Rule(contains="confident enough", reply=Reply(text="the answer")),
        Rule(contains="found it", reply=Reply(tool_calls=(sure(0.5),))),
        Rule(anywhere="You lead.", reply=Reply(tool_calls=(delegate("coder", "a"),))),
    ]
    played = survives_kills(
        stage, desk(["coder"], options={"enough_confidence": 0.9}), every=4, branches=2
    )
    assert played.output == "the answer"
    tasks = [e["payload"]["input"]["task"] for e in trail.started(played.entries, "delegation")]
    assert tasks == ["a", "b"]
    last = [call for call in stage.server.calls if "You lead." in call.all_text][-1]
    assert "tools" not in last.body
    noted = [e["payload"]["name"] for e in trail.started(played.entries, "checkpoint")]
    assert noted[:2] == ["confidence 0.5", "confidence 0.95"]


def test_b8_tags_say_it_too_and_without_the_option_nobody_is_asked(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are coder", reply=Reply(text="found it")),
        Rule(contains="confident enough", reply=Reply(text="the answer TASK_COMPLETE")),
        Rule(
            contains="found it",
            reply=Reply(text="<confidence>0.97</confidence><coder_task>b</coder_task>"),
        ),
        Rule(anywhere="You lead.", reply=Reply(text="<coder_task>a</coder_task>")),
    ]
    options = {"delegation": "tags", "enough_confidence": 0.9}
    played = stage.play(desk(["coder"], options=options))
    assert played.output == "the answer"
    assert len(trail.started(played.entries, "delegation")) == 1
    stage.server.rules = [Rule(reply=Reply(text="at once"))]
    stage.server.calls.clear()
    stage.play(desk(["coder"]))
    offered = [tool["function"]["name"] for tool in stage.server.calls[0].body["tools"]]
    assert offered == ["delegate_to_agent"]


@pytest.mark.parametrize(("confidence", "done"), [(0.95, 1), (0.4, 3)])
def test_b8_a_planner_that_is_confident_enough_leaves_out_what_is_next(
    stage: Stage, confidence: float, done: int
) -> None:
    parts = [
        {"id": "a", "worker": "w", "task": "first"},
        {"id": "b", "worker": "w", "task": "second", "depends_on": ["a"]},
        {"id": "c", "worker": "w", "task": "third", "depends_on": ["b"]},
    ]
    plan = {"subtasks": parts, "synthesis_instructions": "join"}
    stage.server.rules = [
        Rule(
            anywhere="How confident are", reply=Reply(text=json.dumps({"confidence": confidence}))
        ),
        Rule(anywhere="Combine their results", reply=Reply(text="the whole")),
        Rule(anywhere="Plan this task", reply=Reply(text=json.dumps(plan))),
        Rule(anywhere="You work.", reply=Reply(text="a part")),
    ]
    roles = {
        "p": model_role("planner", instructions="You plan."),
        "w": model_role("worker", instructions="You work."),
    }
    played = survives_kills(
        stage, document("plan", roles, options={"enough_confidence": 0.9}), every=5
    )
    assert played.output == "the whole"
    ends = [e for e in played.entries if e["kind"] == "action.finished"]
    states = [e["payload"]["output"].get("status") for e in ends if e["key"][-10:] == "delegation"]
    assert states.count("finished") == done
    assert states.count("not needed") == 3 - done


def router(**edge: Json) -> Json:
    roles = {
        "router": model_role("router", instructions="You route."),
        "bills": model_role("specialist", instructions="You do bills."),
    }
    edges = [{"from": "router", "to": "bills", **edge}] if edge else []
    return document("route", roles, handoffs=edges)


SCHEMA = {
    "type": "object",
    "required": ["customer"],
    "properties": {"customer": {"type": "integer"}},
}


def test_e2_e3_a_router_is_held_to_the_contract_with_whom_it_chose(stage: Stage) -> None:
    stage.server.rules = [
        Rule(
            anywhere="hand over what it asks for",
            reply=Reply(text='{"specialist": "bills", "confidence": 1, "customer": 42}'),
        ),
        Rule(anywhere="You route.", reply=Reply(text='{"specialist": "bills", "confidence": 1}')),
        Rule(anywhere="You do bills.", reply=Reply(text="paid")),
    ]
    played = survives_kills(stage, router(schema=SCHEMA), every=4)
    assert played.output == "paid"
    asked = stage.server.calls[-1]
    assert '"customer": 42' in asked.last_text
    assert "data-" in asked.last_text


def test_e2_a_router_that_cannot_fulfil_the_contract_goes_to_a_person_or_fails(
    stage: Stage,
) -> None:
    stage.server.rules = [Rule(reply=Reply(text='{"specialist": "bills", "confidence": 1}'))]
    fails = router(schema=SCHEMA, on_invalid={"retries": 1, "then": "fail"})
    played = stage.play(fails)
    assert played.error["kind"] == "invalid_payload"
    assert "customer" in played.error["message"]
    assert len(stage.server.calls) == 3
    asks = router(schema=SCHEMA, on_invalid={"retries": 0})
    assert stage.play(asks).run.status == "waiting"
