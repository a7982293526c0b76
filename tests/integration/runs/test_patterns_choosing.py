"""Route and parallel: a router says who works."""

import json
from typing import Any

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Stage

Json = Any


def says(**value: Json) -> Reply:
    return Reply(text=json.dumps(value))


def desk(*, general: bool = False) -> Json:
    roles = {
        "router": model_role("router", instructions="You route."),
        "coder": model_role("specialist", instructions="You code.", responsibilities=["code"]),
        "poet": model_role("specialist", instructions="You rhyme."),
    }
    if general:
        roles["clerk"] = model_role("general", instructions="You do the rest.")
    return document("route", roles)


def panel(*, router: bool = True, **fields: Json) -> Json:
    roles = {name: model_role("specialist", instructions=f"You are {name}.") for name in "abc"}
    roles["merger"] = model_role("merger", instructions="You merge.")
    if router:
        roles["router"] = model_role("router", instructions="You route.")
    return document("parallel", roles, **fields)


def test_e3_the_specialist_for_the_task_does_it(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You route.", reply=says(specialist="poet", confidence=0.9)),
        Rule(anywhere="You rhyme.", reply=Reply(text="roses are red")),
    ]
    played = stage.play(desk())
    assert played.output == "roses are red"
    assert len(stage.server.calls) == 2
    assert "- coder: coder, code" in stage.server.calls[0].last_text
    (routed,) = [e for e in played.action("route") if e["kind"] == "action.finished"]
    assert routed["payload"]["output"]["taken"] == "poet"
    assert replayed(played) == len(trail.started(played.entries))


def test_e3_an_unknown_class_is_for_the_general_agent(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You route.", reply=says(specialist="astrology", confidence=0.4)),
        Rule(anywhere="You do the rest.", reply=Reply(text="done anyway")),
    ]
    assert stage.play(desk(general=True)).output == "done anyway"


def test_e3_who_never_names_a_class_leaves_it_to_the_general_agent(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You route.", reply=Reply(text="This one is for the coder, I think.")),
        Rule(anywhere="You do the rest.", reply=Reply(text="done anyway")),
    ]
    played = stage.play(desk(general=True) | {"limits": {"on_failures": "proceed"}})
    assert played.output == "done anyway"
    (routed,) = [e for e in played.action("route") if e["kind"] == "action.finished"]
    assert routed["payload"]["output"] == {"specialist": "none", "confidence": 0, "taken": "clerk"}
    assert replayed(played) == len(trail.started(played.entries))


def test_e3_without_a_general_agent_the_error_lists_the_specialists(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=says(specialist="astrology", confidence=0.4))]
    played = stage.play(desk())
    assert played.run.status == "failed"
    assert played.error["kind"] == "unknown_specialist"
    assert "coder, poet" in played.error["message"]
    assert "'general'" in played.error["message"]


def test_a_doubtful_choice_asks_a_person_by_the_contract(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You route.", reply=says(specialist="poet", confidence=0.4))
    ]
    crew = desk() | {"handoffs": [{"from": "router", "to": "poet", "required_confidence": 0.8}]}
    assert stage.play(crew).run.status == "waiting"


def test_d4_only_the_picked_work_and_at_once(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You route.", reply=says(specialists=["c", "a"])),
        Rule(anywhere="You merge.", reply=Reply(text="merged")),
        Rule(anywhere="You are a.", latency_ms=300, reply=Reply(text="from a")),
        Rule(anywhere="You are c.", latency_ms=300, reply=Reply(text="from c")),
    ]
    played = stage.play(panel())
    assert played.output == "merged"
    assert len(stage.server.calls) == 4
    merging = stage.server.calls[-1].last_text
    assert "from a" in merging
    assert "from c" in merging
    assert 'from="b"' not in merging
    starts = {e["key"]: e["seq"] for e in played.entries if e["kind"] == "action.started"}
    ends = {e["key"]: e["seq"] for e in played.entries if e["kind"] == "action.finished"}
    assert starts["branch/c/c/model1"] < ends["branch/a/a/model1"]
    assert starts["branch/a/a/model1"] < ends["branch/c/c/model1"]


def test_c6_the_merger_is_told_what_is_missing(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are b.", status=401, message="no such key"),
        Rule(anywhere="You route.", reply=says(specialists=["a", "b", "z"])),
        Rule(anywhere="You are a.", reply=Reply(text="from a")),
        Rule(anywhere="You merge.", reply=Reply(text="merged without b")),
    ]
    played = stage.play(panel())
    assert (played.run.status, played.output) == ("finished", "merged without b")
    merging = stage.server.calls[-1].last_text
    assert "refused the API key" in merging
    assert "There is no such specialist" in merging
    failed = {e["agent"] for e in played.entries if e["kind"] == "action.failed"}
    assert failed == {"b"}
    assert replayed(played) == len(trail.started(played.entries))


def test_c6_nobody_succeeds(stage: Stage) -> None:
    stage.server.rules = [Rule(status=401, message="no such key")]
    played = stage.play(panel(router=False))
    assert played.error["kind"] == "all_failed"
    assert all(f"{name}: " in played.error["message"] for name in "abc")


def test_both_survive_a_kill_after_any_entry(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="merge.", reply=Reply(text="merged")),
        Rule(anywhere="You are b.", status=401),
        Rule(
            anywhere="You route.",
            reply=says(specialist="coder", confidence=1, specialists=["a", "b", "c"]),
        ),
    ]
    survives_kills(stage, desk(), every=2)
    survives_kills(stage, panel(), every=4, branches=3)
