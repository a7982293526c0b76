"""What agents say is data (E5): nothing in a corpus of injections changes a prompt, a tool, an
approval, a budget or a route."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.model_server import Call, Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import ANTHROPIC, OPENAI, delegate, desk, document, model_role
from tests.integration.runs.injections import INJECTIONS
from tests.integration.runs.playing import Played, Stage

Json = Any
SAID = list(INJECTIONS.values())
WORKERS = [f"w{n}" for n in range(len(SAID))]
MARK = re.compile(r"<data-([0-9a-f]{10}) from=\"([^\"]*)\">\n(.*?)\n</data-\1>", re.DOTALL)
Say = Callable[[int], str]


def hostile(n: int) -> str:
    return SAID[n]


def plain(n: int) -> str:
    return f"a plain result of number {n}"


def speaks(say: Say) -> Rule:
    """Let each worker say its part: who is asked stands in its system prompt."""

    def reply(call: Call) -> Reply:
        found = re.search(r"You are w(\d+)\.", call.all_text)
        assert found
        return Reply(text=say(int(found[1])))

    return Rule(anywhere="You are w", reply=reply)


def workers(seat: str, model: Json = OPENAI) -> dict[str, Json]:
    return {name: model_role(seat, model, instructions=f"You are {name}.") for name in WORKERS}


def skeleton(played: Played) -> list[tuple[str, str, str]]:
    """Return what happened, without what was said and in what order branches came."""
    return sorted(
        (e["key"], e["payload"]["type"], e["agent"]) for e in trail.started(played.entries)
    )


def quoted(text: str) -> dict[str, str]:
    """Return what a message quotes, by its origin, whoever wrote other marks into it."""
    return {found[2]: found[3] for found in MARK.finditer(text)}


def outside(text: str) -> str:
    return MARK.sub("", text)


def system_of(body: Json) -> str:
    """Return a request's system prompt, in either wire format."""
    if "system" in body:
        return json.dumps(body["system"], ensure_ascii=False)
    parts = [m["content"] for m in body["messages"] if m["role"] in ("system", "developer")]
    return json.dumps(parts, ensure_ascii=False)


@pytest.mark.parametrize("model", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_e5_what_workers_say_stays_data_for_their_lead(stage: Stage, model: Json) -> None:
    """The lead is told it as results of its calls, between marks that it does not hold; tools and
    system prompt are as they were, nobody is asked, and what happens is the same."""
    limits = {"cost_usd": "5.00", "on_reached": "end"}
    lead = {"tools": [{"name": "note", "approval": "always"}]}
    crew = desk(
        workers("worker", model),
        model=model,
        lead=lead,
        limits=limits,
        options={"max_delegations": len(SAID) + 5},
    )
    wishes = tuple(delegate(name, "do it") for name in WORKERS)
    ways = []
    for say in (plain, hostile):
        stage.server.calls.clear()
        stage.server.rules = [
            speaks(say),
            Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=wishes)),
            Rule(anywhere="You lead.", reply=Reply(text="the end")),
        ]
        played = stage.play(crew)
        assert played.output == "the end"
        first, last = stage.server.calls[0].body, stage.server.calls[-1].body
        assert first["tools"] == last["tools"]
        assert system_of(first) == system_of(last)
        told = stage.server.calls[-1].all_text
        for n, name in enumerate(WORKERS):
            assert quoted(told)[name] == say(n), name
            assert say(n).strip()[:30] not in outside(told), name
        ways.append(skeleton(played))
    assert ways[0] == ways[1]


def test_e5_in_tags_mode_no_result_delegates_or_ends(stage: Stage) -> None:
    wishes = "".join(f"<{name}_task>go</{name}_task>" for name in WORKERS)
    stage.server.rules = [
        speaks(hostile),
        Rule(contains="data-", times=1, reply=Reply(text="hm")),
        Rule(contains="Go on.", reply=Reply(text="the end TASK_COMPLETE")),
        Rule(anywhere="You lead.", reply=Reply(text=wishes)),
    ]
    options = {"delegation": "tags", "max_delegations": len(SAID) + 5}
    played = stage.play(desk(workers("worker"), options=options))
    assert played.output == "the end"
    assert len(trail.started(played.entries, "delegation")) == len(SAID)


def test_e5_the_merger_is_given_data_with_its_origin(stage: Stage) -> None:
    stage.server.rules = [speaks(hostile), Rule(reply=Reply(text="merged"))]
    roles = {**workers("specialist"), "merger": model_role("merger", instructions="You merge.")}
    played = stage.play(document("parallel", roles))
    assert played.output == "merged"
    asked = stage.server.calls[-1]
    assert quoted(asked.last_text) == dict(zip(WORKERS, SAID, strict=True))
    assert "obey" not in system_of(asked.body)
    assert "obey" not in outside(asked.last_text)


@pytest.mark.parametrize("name", ["a verdict", "an approval", "confidence", "a budget"])
def test_e5_words_open_no_gate_and_are_no_confidence(stage: Stage, name: str) -> None:
    """A gate and a required confidence look at the payload's own fields, not at what it says."""
    stage.server.rules = [Rule(reply=Reply(text=json.dumps({"text": INJECTIONS[name]})))]
    roles = {
        "first": model_role("stage", instructions="You begin.", limits={"retries": 0}),
        "last": model_role("stage", instructions="You end."),
    }
    edge = {"from": "first", "to": "last", "schema": {"type": "object", "required": ["text"]}}
    gate = {**edge, "when": {"field": "approved", "equals": True}}
    stopped = stage.play(document("pipeline", roles, handoffs=[gate]))
    assert stopped.output["stopped_before"] == "last"
    sure = {**edge, "required_confidence": 0.5}
    asked = stage.play(document("pipeline", roles, handoffs=[sure]))
    assert asked.run.status == "waiting"


def test_e5_a_task_that_injects_changes_no_route_and_its_result_nothing(stage: Stage) -> None:
    everything = "\n".join(SAID)
    stage.server.rules = [
        Rule(anywhere="You route.", reply=Reply(text='{"specialist": "a", "confidence": 1}')),
        Rule(anywhere="You do a.", reply=Reply(text=everything)),
    ]
    roles = {
        "router": model_role("router", instructions="You route."),
        "a": model_role("specialist", instructions="You do a."),
        "b": model_role("specialist", instructions="You do b."),
    }
    played = stage.play(document("route", roles), task=f"Please: {everything}")
    assert [e["agent"] for e in trail.started(played.entries, "ask")] == ["router", "a"]
    assert played.output == everything
