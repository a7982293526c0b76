"""Mesh, blackboard and events: roles that work at once on what they share."""

import json
from typing import Any

from runs.services import decision_make
from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import paused_once, replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any


def says(**value: Json) -> Reply:
    return Reply(text=json.dumps(value))


def message(to: str, content: str, type: str = "inform") -> Json:
    return {"to": to, "type": type, "content": content}


def crew(pattern: str, seat: str, names: str = "abc", **options: Json) -> Json:
    roles = {name: model_role(seat, instructions=f"You are {name}.") for name in names}
    return document(pattern, roles, options=options)


def posts(played: Played, type: str = "message") -> list[Json]:
    """What was posted, in the order in which it got its numbers."""
    ids = {e["action"] for e in trail.started(played.entries, type)}
    outputs = [
        e["payload"]["output"]
        for e in played.entries
        if e["action"] in ids and e["kind"] == "action.finished"
    ]
    return sorted((o for o in outputs if "n" in o), key=lambda o: o["n"])


def reads(played: Played, reader: str) -> list[Json]:
    outputs = [e["payload"]["output"] for e in played.entries if e["kind"] == "action.finished"]
    return [o for o in outputs if isinstance(o, dict) and o.get("reader") == reader]


def quiet(answer: str = "mine") -> Reply:
    return says(messages=[], done=True, answer=answer)


# -- mesh ------------------------------------------------------------------------------------------


def test_c2_c4_messages_reach_whom_they_are_for_and_each_is_read_once(stage: Stage) -> None:
    opening = [message("b", "help me, b", "request"), message("all", "hello")]
    stage.server.rules = [
        Rule(
            contains="help me, b",
            reply=says(messages=[message("a", "here you are", "response")], done=True, answer="b"),
        ),
        Rule(contains="here you are", reply=says(done=True, answer="a, with help")),
        # Nobody asked for the last.
        Rule(anywhere="You are a.", reply=says(messages=opening, done=False, answer="", spawn=5)),
        Rule(contains="hello", reply=says(done=True, answer="c heard it")),
        Rule(reply=says(messages=[], done=False, answer="")),
    ]
    played = stage.play(crew("mesh", "peer", max_spawned=0))
    assert played.output == {"a": "a, with help", "b": "b", "c": "c heard it"}
    told = [(m["from"], m["to"], m["type"]) for m in posts(played) if m["type"] != "answer"]
    assert sorted(told) == [("a", "all", "inform"), ("a", "b", "request"), ("b", "a", "response")]
    for name, count in (("a", 1), ("b", 2), ("c", 1)):
        numbers = [m["n"] for read in reads(played, name) for m in read["messages"]]
        assert len(numbers) == len(set(numbers)) == count
        assert reads(played, name)[-1]["end"] == "nobody has anything left to do"
    assert replayed(played) == len(trail.started(played.entries))


def test_c2_a_mesh_may_end_with_the_first_answer(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are b.", reply=quiet("fast")),
        Rule(latency_ms=500, reply=quiet("slow")),
    ]
    played = stage.play(crew("mesh", "peer", ends="first_answer", max_spawned=0))
    assert played.output == "fast"
    assert replayed(played) == len(trail.started(played.entries))


def test_c2_messages_are_bounded(stage: Stage) -> None:
    chatter = says(messages=[message("all", "and another thing")], done=True, answer="x")
    stage.server.rules = [Rule(reply=chatter)]
    played = stage.play(crew("mesh", "peer", max_messages=5, max_spawned=0))
    assert played.run.status == "finished"
    assert len([m for m in posts(played) if m["type"] != "answer"]) == 5
    assert len(stage.server.calls) <= 3 + 5 * 2


def test_c2_spawning_is_bounded_and_a_spawned_agent_works(stage: Stage) -> None:
    wanted = [{"like": "b", "task": f"dig {n}"} for n in range(3)]
    stage.server.rules = [
        Rule(
            contains="dig ",
            reply=says(messages=[message("a", "dug it out")], done=True, answer="dug"),
        ),
        Rule(contains="dug it out", reply=says(done=True, answer="thanks")),
        Rule(anywhere="You are a.", reply=says(messages=[], spawn=wanted, done=False, answer="")),
        Rule(reply=quiet()),
    ]
    played = stage.play(crew("mesh", "peer", "ab", max_spawned=2))
    assert played.run.status == "finished"
    assert {m["to"] for m in posts(played, "spawn")} == {"b.1", "b.2"}
    assert len(trail.started(played.entries, "spawn")) == 3
    assert played.output == {"a": "thanks", "b": "mine", "b.1": "dug", "b.2": "dug"}
    assert replayed(played) == len(trail.started(played.entries))


def test_c2_a_peer_that_fails_is_told_to_the_others(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are b.", status=401),
        Rule(contains="refused the API key", reply=quiet("without b")),
        Rule(reply=says(messages=[message("nobody", "hi")], done=False, answer="")),
    ]
    played = stage.play(crew("mesh", "peer", "ab", max_spawned=0))
    assert played.output == "without b"
    assert "There is no 'nobody'" in stage.server.calls[-1].last_text


def test_a_person_in_a_mesh_lets_the_others_work_and_holds_no_worker(stage: Stage) -> None:
    peers = crew("mesh", "peer", "ab", max_spawned=0)
    peers["roles"]["boss"] = {"seat": "peer", "kind": "human"}
    stage.server.rules = [
        Rule(contains="hello", reply=quiet("heard")),
        Rule(
            anywhere="You are a.",
            reply=says(messages=[message("b", "hello")], done=True, answer="a"),
        ),
        Rule(reply=says(messages=[], done=False, answer="")),
    ]
    played = stage.play(peers)
    assert played.run.status == "waiting"
    assert {m["content"] for m in posts(played) if m["type"] == "answer"} == {"a", "heard"}


def test_a_mesh_goes_on_with_what_a_person_answered(stage: Stage) -> None:
    peers = crew("mesh", "peer", "ab", max_spawned=0)
    peers["roles"]["boss"] = {"seat": "peer", "kind": "human"}
    to_boss = says(messages=[message("boss", "thank you")], done=True, answer="obeyed")
    stage.server.rules = [Rule(contains="do as I say", reply=to_boss), Rule(reply=quiet())]
    played = stage.play(peers)
    order = {"messages": [message("a", "do as I say", "request")], "done": True, "answer": "said"}
    for answer in (order, {"messages": [], "done": True, "answer": "you are welcome"}):
        assert played.run.status == "waiting"
        (asked,) = [e for e in played.entries if e["kind"] == "run.waiting"][-1:]
        assert "answer" in asked["payload"]["schema"]["properties"]
        decision_make(
            run=played.run, action=asked["action"], user=stage.user, choice="answer", value=answer
        )
        played = stage.go_on(played.run)
    assert played.output == {"a": "obeyed", "b": "mine", "boss": "you are welcome"}
    assert all(
        e["payload"]["attempt"] == 1 for e in played.entries if e["kind"] == "action.started"
    )
    assert replayed(played) == len(trail.started(played.entries))


def test_a_mesh_out_of_budget_ends_and_says_so(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=says(messages=[message("all", "hi")], done=False, answer=""))]
    played = stage.play(crew("mesh", "peer") | {"limits": {"actions": 12, "on_reached": "end"}})
    assert played.run.status == "failed"
    assert "12 actions" in played.error["message"]


def test_twenty_peers_and_a_thousand_messages(stage: Stage) -> None:
    names = [f"p{n:02}" for n in range(20)]
    roles = {name: model_role("peer", instructions=f"You are {name}.") for name in names}

    def chat(call: Call) -> Reply:
        me = int(call.all_text.split("You are p")[1][:2])
        to = [message(names[(me + step) % 20], f"from {me}") for step in range(1, 11)]
        return says(messages=to, done=True, answer=f"{me}")

    stage.server.rules = [Rule(reply=chat)]
    limits = {"actions": 5000, "tokens": 10_000_000}
    options = {"max_messages": 1000, "max_spawned": 0}
    played = stage.play(document("mesh", roles, options=options, limits=limits))
    assert played.run.status == "finished"
    numbers = [m["n"] for m in posts(played) if m["type"] != "answer"]
    assert len(numbers) == 1000
    read = [m["n"] for name in names for r in reads(played, name) for m in r["messages"]]
    assert sorted(read) == numbers  # each reached its one reader, once
    assert replayed(played) == len(trail.started(played.entries))


# -- blackboard ------------------------------------------------------------------------------------


def test_b6_writers_react_to_changes_until_nobody_adds_anything(stage: Stage) -> None:
    stage.server.rules = [
        Rule(
            contains="first fact",
            anywhere="You are b.",
            reply=says(writes=[{"key": "summary", "value": "one fact"}]),
        ),
        Rule(
            anywhere="You are a.",
            times=1,
            reply=says(writes=[{"key": "facts", "value": "first fact"}]),
        ),
        Rule(
            anywhere="You are b.", times=1, reply=says(writes=[{"key": "title", "value": "Facts"}])
        ),
        Rule(reply=says(writes=[])),
    ]
    played = stage.play(crew("blackboard", "writer", "ab"))
    assert played.output["facts"] == "first fact"
    assert played.output["title"] == "Facts"
    assert [w["n"] for w in posts(played, "state_write")] == list(
        range(1, len(posts(played, "state_write")) + 1)
    )
    assert replayed(played) == len(trail.started(played.entries))


def test_c4_a_write_to_what_has_changed_is_refused_and_tried_again(stage: Stage) -> None:
    def write(call: Call) -> Reply:
        me = call.all_text.split("You are ")[1][0]
        before = (
            "b" if '"by": "b"' in call.last_text else "a" if '"by": "a"' in call.last_text else ""
        )
        if before == me or (before and "not_written" not in call.last_text):
            return says(writes=[])
        return says(writes=[{"key": "text", "value": f"{before}{me}"}])

    stage.server.rules = [Rule(reply=write, latency_ms=50)]
    played = stage.play(crew("blackboard", "writer", "ab"))
    assert played.output["text"] in ("ab", "ba")
    written = posts(played, "state_write")
    assert [(w["version"], w["base"]) for w in written] == [(1, 0), (2, 1)]
    assert len(trail.started(played.entries, "state_write")) == 3
    assert replayed(played) == len(trail.started(played.entries))


def test_writes_are_bounded(stage: Stage) -> None:
    count = iter(range(1000))
    stage.server.rules = [
        Rule(reply=lambda call: says(writes=[{"key": f"k{next(count)}", "value": "v"}]))
    ]
    played = stage.play(crew("blackboard", "writer", "abc", max_writes=7))
    assert played.run.status == "finished"
    assert len(played.output) == 7


# -- events ----------------------------------------------------------------------------------------


def chain(**options: Json) -> Json:
    made = crew("events", "reactor", "abc", **options)
    for name, types in (("a", ["task"]), ("b", ["found"]), ("c", ["found", "written"])):
        made["roles"][name]["subscribes"] = types
    return made


CHAIN = [
    Rule(contains="event 'task'", reply=says(events=[{"type": "found", "payload": {"facts": 3}}])),
    Rule(contains="event 'written'", reply=says(events=[{"type": "done", "payload": "the end"}])),
    Rule(anywhere="You are b.", reply=says(events=[{"type": "written", "payload": "a text"}])),
    Rule(anywhere="You are c.", reply=says(events=[])),
]


def test_d6_roles_react_to_what_they_subscribe_to(stage: Stage) -> None:
    stage.server.rules = CHAIN
    played = stage.play(chain())
    assert played.output == "the end"
    told = [(e["n"], e["event"], e["by"], e["cause"]) for e in posts(played)]
    assert told == [
        (1, "task", "", 0),
        (2, "found", "a", 1),
        (3, "written", "b", 2),
        (4, "done", "c", 3),
    ]
    assert len(stage.server.calls) == 4
    assert replayed(played) == len(trail.started(played.entries))


def test_d6_without_a_last_event_the_run_fails_clearly(stage: Stage) -> None:
    stage.server.rules = [Rule(anywhere="You are b.", status=401), *CHAIN]
    played = stage.play(chain())
    assert played.error["kind"] == "no_end"
    assert "no 'done'" in played.error["message"]
    assert "b: The server refused the API key" in played.error["message"]


def test_d6_events_are_bounded(stage: Stage) -> None:
    endless = crew("events", "reactor", "ab", max_events=6)
    endless["roles"]["a"]["subscribes"] = ["task", "pong"]
    endless["roles"]["b"]["subscribes"] = ["ping"]
    stage.server.rules = [
        Rule(anywhere="You are a.", reply=says(events=[{"type": "ping", "payload": 1}])),
        Rule(anywhere="You are b.", reply=says(events=[{"type": "pong", "payload": 1}])),
    ]
    played = stage.play(endless)
    assert played.error["kind"] == "no_end"
    assert len(posts(played)) == 6


def test_d6_nobody_subscribes_to_the_first_event(stage: Stage) -> None:
    played = stage.play(crew("events", "reactor", "ab"))
    assert "No role subscribes to 'task'" in played.error["message"]


# -- all three -------------------------------------------------------------------------------------


def test_the_three_can_be_paused_after_any_entry(stage: Stage) -> None:
    talk = says(messages=[message("all", "hi")], done=True, answer="x")
    write = says(writes=[{"key": "k", "value": "v"}])
    for made, rules in (
        (chain(), CHAIN),
        (crew("mesh", "peer", "ab", max_messages=4), [Rule(reply=talk)]),
        (crew("blackboard", "writer", "ab", max_writes=3), [Rule(reply=write)]),
    ):
        stage.server.rules = rules
        for after in range(2, 40, 6):
            played = paused_once(stage, made, after)
            assert played.run.status == "finished", played.error
            assert replayed(played) == len(trail.started(played.entries))


def test_the_three_survive_a_kill_after_any_entry(stage: Stage) -> None:
    stage.server.rules = CHAIN
    survives_kills(stage, chain(), every=4, branches=2)
    stage.server.rules = [
        Rule(contains="hello", reply=quiet("heard")),
        Rule(contains="dig", reply=quiet("dug")),
        Rule(
            anywhere="You are a.",
            reply=says(
                messages=[message("all", "hello")],
                spawn=[{"like": "b", "task": "dig"}],
                done=True,
                answer="a",
            ),
        ),
        Rule(reply=says(messages=[message("a", "hello")], done=False, answer="")),
    ]
    survives_kills(stage, crew("mesh", "peer"), every=6, branches=4, alike=False)
    stage.server.rules = [
        Rule(contains="fact", reply=says(writes=[])),
        Rule(reply=says(writes=[{"key": "facts", "value": "a fact"}])),
    ]
    survives_kills(stage, crew("blackboard", "writer", "ab"), every=3, branches=2, alike=False)
