"""Tool calls that a person approves first: asked about one by one, never slipped past."""

from typing import Any

import pytest

from runs.errors import BadRequest
from runs.services import decision_make
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk
from tests.integration.runs.kills import Killed, replayed
from tests.integration.runs.playing import Played, Stage

Json = Any
ASKS = {"name": "ask_human", "approval": "always"}
DELEGATES = {"name": "delegate_to_agent", "approval": "always"}


def asking(text: str) -> dict[str, Json]:
    return {"name": "ask_human", "arguments": {"question": text, "choices": ["yes", "no"]}}


def lead_calls(stage: Stage, *calls: Json) -> None:
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=calls)),
        Rule(anywhere="You lead.", reply=Reply(text="done")),
        Rule(reply=Reply(text="worked")),
    ]


def opened(played: Played) -> list[Json]:
    """Return the questions that are open, in the order in which they were asked."""
    settled = {e["action"] for e in played.entries if e["kind"] == "decision.made"}
    asked = [e for e in played.entries if e["kind"] == "run.waiting"]
    return [e for e in asked if e["action"] not in settled]


def decide(stage: Stage, played: Played, question: Json, choice: str, **more: Json) -> None:
    decision_make(run=played.run, action=question["action"], user=stage.user, choice=choice, **more)


def told(stage: Stage) -> str:
    """Return what the lead was told last."""
    return [call.all_text for call in stage.server.calls if "You lead." in call.all_text][-1]


def test_every_call_of_a_turn_is_asked_about_at_once(stage: Stage) -> None:
    lead_calls(
        stage, delegate("coder", "one"), asking("two?"), delegate("coder", "three"), asking("four?")
    )
    played = stage.play(desk(lead={"tools": [ASKS, DELEGATES]}))
    questions = opened(played)
    assert played.run.status == "waiting"
    assert [q["payload"]["reason"] for q in questions] == ["approval"] * 4
    shown = {str(q["payload"]["proposed"]) for q in questions}
    assert len(shown) == 4
    assert not [c for c in stage.server.calls if "You are coder" in c.all_text]
    assert not list(trail.started(played.entries, "delegation"))


def test_approve_edit_and_reject(stage: Stage) -> None:
    lead_calls(
        stage, delegate("coder", "alpha"), delegate("coder", "beta"), delegate("coder", "gamma")
    )
    played = stage.play(desk(lead={"tools": [DELEGATES]}))
    by_task = {q["payload"]["proposed"]["task"]: q for q in opened(played)}
    decide(stage, played, by_task["alpha"], "approve")
    changed = {"agent_name": "coder", "task": "something smaller"}
    with pytest.raises(BadRequest, match="value"):
        decide(stage, played, by_task["beta"], "edit", value={"agent_name": "nobody"})
    decide(stage, played, by_task["beta"], "edit", value=changed)
    decide(stage, played, by_task["gamma"], "reject", comment="Too dear.")
    played = stage.go_on(played.run)
    assert played.run.status == "finished", played.error
    worked = [c.last_text for c in stage.server.calls if "You are coder" in c.all_text]
    assert len(worked) == 2
    assert any("alpha" in text for text in worked)
    assert any("something smaller" in text for text in worked)
    assert "this call was not approved. Too dear." in told(stage)
    assert "A person changed the arguments" in told(stage)
    assert replayed(played) > 0


def test_own_tools_wait_for_their_turn_and_their_approval(stage: Stage) -> None:
    lead_calls(stage, asking("first?"), asking("second?"))
    played = stage.play(desk(lead={"tools": [ASKS]}))
    first, second = opened(played)
    # The second is approved; but what it does may build on the first.
    decide(stage, played, second, "approve")
    played = stage.go_on(played.run)
    assert [q["action"] for q in opened(played)] == [first["action"]]
    decide(stage, played, first, "reject", comment="Do not bother people.")
    played = stage.go_on(played.run)
    (question,) = opened(played)
    assert question["payload"]["question"] == "second?"
    decide(stage, played, question, "yes")
    played = stage.go_on(played.run)
    assert played.run.status == "finished"
    assert "Do not bother people." in told(stage)
    assert replayed(played) > 0


def test_what_is_refused_anyway_is_not_asked_about(stage: Stage) -> None:
    bad = {"name": "ask_human", "arguments": {"question": 7}}
    unknown = {"name": "rm_rf", "arguments": {}}
    lead_calls(stage, bad, unknown)
    played = stage.play(desk(lead={"tools": [ASKS]}))
    assert played.run.status == "finished"
    assert not opened(played)


def test_no_kill_slips_a_call_past_the_person(stage: Stage) -> None:
    document = desk(lead={"tools": [DELEGATES]})
    call = delegate("coder", "alpha")
    lead_calls(stage, call, call)
    whole = stage.play(document)
    for after in range(2, len(whole.entries)):
        stage.server.calls.clear()
        lead_calls(stage, call, call)
        played = Killed(stage, after).play(document)
        assert played.run.status == "waiting"
        assert len(opened(played)) == 2
        assert not [c for c in stage.server.calls if "You are coder" in c.all_text]
        first, second = opened(played)
        decide(stage, played, first, "approve")
        decide(stage, played, second, "reject")
        played = stage.go_on(played.run)
        assert played.run.status == "finished"
        assert len([c for c in stage.server.calls if "You are coder" in c.all_text]) == 1


@pytest.mark.usefixtures("docker_client")
def test_a_command_runs_as_it_was_approved(stage: Stage) -> None:
    calls = [{"name": "shell", "arguments": {"command": f"echo {word}"}} for word in ("a", "b")]
    lead_calls(stage, *calls)
    tools = [{"name": "shell", "approval": "always"}]
    lead = {"tools": tools, "capabilities": ["code_execution"]}
    played = stage.play(desk(lead=lead))
    first, second = opened(played)
    assert first["payload"]["proposed"] == {"command": "echo a"}
    decide(stage, played, first, "edit", value={"command": "echo approved"})
    decide(stage, played, second, "reject", comment="One is enough.")
    played = stage.go_on(played.run)
    assert played.run.status == "finished", played.error
    done = [e for e in trail.started(played.entries, "tool_call") if e["payload"]["attempt"] == 1]
    ran = [e["payload"]["input"] for e in done if e["payload"]["name"] == "shell"]
    assert {"command": "echo approved"} in ran
    assert {"command": "echo a"} not in ran
    assert "approved" in told(stage)
