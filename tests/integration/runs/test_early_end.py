"""A crew that is confident enough breaks off what still runs, keeping what it had written (B8)."""

import json
from typing import Any

from runs.models import Question
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any
ASKED = "How confident are you"
SLOW = Rule(
    anywhere="You are slow", fault="hang", after=4, reply=Reply(text="half a thought " * 200)
)


def confident(*said: float) -> list[Rule]:
    return [
        Rule(anywhere=ASKED, times=1, reply=Reply(text=json.dumps({"confidence": c}))) for c in said
    ]


def specialists(*names: str, **more: Json) -> Json:
    roles = {n: model_role("specialist", instructions=f"You are {n}.") for n in names}
    roles["merger"] = model_role("merger", instructions="You merge.")
    return document("parallel", roles | more, options={"enough_confidence": 0.9})


def failed(played: Played) -> dict[str, Json]:
    ended = [e for e in played.entries if e["kind"] == "action.failed"]
    return {e["key"]: e["payload"]["error"] for e in ended}


def test_b8_who_still_works_is_broken_off_and_what_it_wrote_is_kept(stage: Stage) -> None:
    stage.server.rules = [
        SLOW,
        *confident(0.5, 0.95),
        Rule(anywhere="You are second", latency_ms=1000, reply=Reply(text="a second thought")),
        Rule(anywhere="You are quick", reply=Reply(text="a whole thought")),
        Rule(anywhere="You merge.", reply=Reply(text="merged")),
    ]
    played = stage.play(specialists("slow", "quick", "second"))
    assert played.output == "merged"
    ended = failed(played)
    assert {error["kind"] for error in ended.values()} == {"not_needed"}
    assert ended["branch/slow/slow/model1"]["partial_text"].startswith("half a thought")
    (noted,) = trail.started(played.entries, "checkpoint")
    assert noted["payload"]["input"] == {"brought": ["quick", "second"]}
    told = stage.server.calls[-1].all_text
    for part in ("a whole thought", "a second thought", "half a thought", '"complete": false'):
        assert part in told
    assert replayed(played) == len(trail.started(played.entries))


def test_a_person_is_not_waited_for_any_more(stage: Stage) -> None:
    stage.server.rules = [
        *confident(1),
        Rule(anywhere="You are quick", reply=Reply(text="a whole thought")),
        Rule(anywhere="You merge.", reply=Reply(text="merged")),
    ]
    person = {"seat": "specialist", "kind": "human", "instructions": "Look at it."}
    played = stage.play(specialists("quick", person=person))
    assert played.output == "merged"
    assert failed(played)["branch/person/person/answer"]["kind"] == "not_needed"
    assert not Question.objects.filter(run=played.run, closed_at=None).exists()
    assert replayed(played) == len(trail.started(played.entries))


def test_who_is_not_sure_waits_for_all_and_a_merger_that_cannot_say_too(stage: Stage) -> None:
    stage.server.rules = [
        *confident(0.2),
        Rule(anywhere=ASKED, status=400, message="no"),
        Rule(anywhere="You are third", latency_ms=500, reply=Reply(text="third")),
        Rule(anywhere="You are second", latency_ms=200, reply=Reply(text="second")),
        Rule(anywhere="You are first", reply=Reply(text="first")),
        Rule(anywhere="You merge.", reply=Reply(text="merged")),
    ]
    played = stage.play(specialists("first", "second", "third"))
    assert played.output == "merged"
    assert all(word in stage.server.calls[-1].all_text for word in ('"first"', '"third"'))


def test_b8_an_early_end_survives_kills(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere=ASKED, reply=Reply(text='{"confidence": 1}')),
        Rule(anywhere="You are late", latency_ms=700, reply=Reply(text="late")),
        Rule(anywhere="You are quick", reply=Reply(text="quick")),
        Rule(anywhere="You merge.", reply=Reply(text="merged")),
    ]
    survives_kills(stage, specialists("late", "quick"), every=4, branches=3, alike=False)


def test_the_first_answer_of_a_mesh_breaks_off_the_other_peers(stage: Stage) -> None:
    stage.server.rules = [
        SLOW,
        Rule(
            anywhere="You are quick",
            latency_ms=1000,
            reply=Reply(text='{"messages": [], "done": true, "answer": "42"}'),
        ),
    ]
    roles = {n: model_role("peer", instructions=f"You are {n}.") for n in ("slow", "quick")}
    played = stage.play(document("mesh", roles, options={"ends": "first_answer"}))
    assert played.output == "42"
    assert failed(played)["branch/slow/slow/model1"]["partial_text"].startswith("half a")
    assert replayed(played) == len(trail.started(played.entries))
