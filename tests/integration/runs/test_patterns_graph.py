"""Graph: gates, joins, loops with a bound."""

import json
from typing import Any

import pytest

from runs.patterns.graph import in_parts
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Stage

Json = Any
PASSED = {"field": "passed", "equals": True}
FAILED = {"field": "passed", "equals": False}


def drawn(*edges: str, gates: dict[str, Json] | None = None, **options: Json) -> Json:
    """A graph of edges like "a>b", some of them with a gate."""
    pairs = [edge.split(">") for edge in edges]
    names = dict.fromkeys(name for pair in pairs for name in pair)
    roles = {name: model_role("node", instructions=f"You are {name}.") for name in names}
    handoffs = [
        {
            "from": a,
            "to": b,
            **({"when": (gates or {})[f"{a}>{b}"]} if f"{a}>{b}" in (gates or {}) else {}),
        }
        for a, b in pairs
    ]
    return document("graph", roles, handoffs=handoffs, options=options)


def returning(crew: Json, name: str) -> Json:
    crew["roles"][name]["returns"] = {"type": "object", "required": ["passed"]}
    return crew


def report(passed: bool) -> Reply:
    return Reply(text=json.dumps({"passed": passed, "log": f"tests: {passed}"}))


def worked(stage: Stage) -> list[str]:
    """Who was asked, in the order of the calls."""
    return [
        call.body["messages"][0]["content"].split("You are ")[-1].split(".")[0]
        for call in stage.server.calls
    ]


def test_a_join_waits_for_all_its_inputs_which_work_at_once(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere=f"You are {n}.", latency_ms=200 * (n == "b"), reply=Reply(text=f"from {n}"))
        for n in "abcd"
    ]
    played = stage.play(drawn("a>b", "a>c", "b>d", "c>d"))
    assert played.output == "from d"
    assert sorted(worked(stage)) == ["a", "b", "c", "d"]
    joined = stage.server.calls[-1].last_text
    assert "from b" in joined
    assert "from c" in joined
    seqs = {(e["key"], e["kind"]): e["seq"] for e in played.entries}
    assert (
        seqs["branch/c/c/model1", "action.finished"] < seqs["branch/b/b/model1", "action.finished"]
    )
    assert replayed(played) == len(trail.started(played.entries))


def test_a7_what_is_behind_a_closed_gate_is_not_reached(stage: Stage) -> None:
    crew = returning(drawn("dev>test", "test>ops", gates={"test>ops": PASSED}), "test")
    stage.server.rules = [Rule(anywhere="You are test.", reply=report(False))]
    played = stage.play(crew)
    assert played.run.status == "finished"
    assert played.output == {"passed": False, "log": "tests: False"}
    assert worked(stage) == ["dev", "test"]


def test_a7_a_gate_chooses_the_way_and_the_join_takes_what_comes(stage: Stage) -> None:
    crew = drawn("t>yes", "t>no", "yes>end", "no>end", gates={"t>yes": PASSED, "t>no": FAILED})
    stage.server.rules = [
        Rule(anywhere="You are t.", reply=report(True)),
        Rule(anywhere="You are end.", reply=Reply(text="the end")),
    ]
    played = stage.play(returning(crew, "t"))
    assert played.output == "the end"
    assert worked(stage) == ["t", "yes", "end"]


def looped(**options: Json) -> Json:
    gates = {"test>dev": FAILED, "test>ops": PASSED}
    crew = drawn("spec>dev", "dev>test", "test>dev", "test>ops", gates=gates, **options)
    return returning(crew, "test")


def test_a_loop_goes_round_until_the_gate_opens_and_only_then_on(stage: Stage) -> None:
    stage.server.rules = [
        Rule(contains="second build", reply=report(True)),
        Rule(anywhere="You are test.", reply=report(False)),
        Rule(anywhere="tests: False", reply=Reply(text="second build")),
        Rule(anywhere="You are dev.", reply=Reply(text="first build")),
        Rule(anywhere="You are ops.", reply=Reply(text="deployed")),
    ]
    played = stage.play(looped())
    assert played.output == "deployed"
    assert worked(stage) == ["spec", "dev", "test", "dev", "test", "ops"]
    again = stage.server.calls[3].last_text
    assert "first build" in again
    assert "tests: False" in again
    assert replayed(played) == len(trail.started(played.entries))


def test_a_loop_ends_at_its_bound(stage: Stage) -> None:
    stage.server.rules = [Rule(anywhere="You are test.", reply=report(False))]
    played = stage.play(looped(max_visits=2))
    assert worked(stage) == ["spec", "dev", "test", "dev", "test"]
    assert played.output == {"passed": False, "log": "tests: False"}
    (noted,) = trail.started(played.entries, "checkpoint")
    assert noted["payload"]["name"] == "loop ended: dev has had its visits"


def test_several_ends_are_told_by_name(stage: Stage) -> None:
    stage.server.rules = [Rule(anywhere=f"You are {n}.", reply=Reply(text=n * 3)) for n in "bc"]
    assert stage.play(drawn("a>b", "a>c")).output == {"b": "bbb", "c": "ccc"}


def test_what_depends_on_a_failure_is_not_begun_and_the_rest_ends(stage: Stage) -> None:
    stage.server.rules = [Rule(anywhere="You are b.", status=401)]
    played = stage.play(drawn("a>b", "a>c", "b>d", "c>d", "c>e"))
    assert played.run.status == "failed"
    assert played.error["role"] == "b"
    assert sorted(worked(stage)) == ["a", "b", "c", "e"]


@pytest.mark.parametrize(
    ("edges", "parts"),
    [
        ("ab bc ca cd", ["abc", "d"]),
        ("ab ba bc cd dc", ["ab", "cd"]),
        ("aa ab", ["a", "b"]),
        ("ab ac bd cd", ["a", "b", "c", "d"]),
    ],
)
def test_parts_are_what_reaches_each_other(edges: str, parts: list[str]) -> None:
    pairs = [(edge[0], edge[1]) for edge in edges.split()]
    nodes = sorted({name for pair in pairs for name in pair})
    assert ["".join(part) for part in in_parts(nodes, pairs)] == parts


def test_it_survives_a_kill_after_any_entry(stage: Stage) -> None:
    stage.server.rules = [
        Rule(contains="second build", reply=report(True)),
        Rule(anywhere="You are test.", reply=report(False)),
        Rule(anywhere="tests: False", reply=Reply(text="second build")),
    ]
    survives_kills(stage, looped(), every=5)
    survives_kills(stage, drawn("a>b", "a>c", "b>d", "c>d"), every=5, branches=2)
