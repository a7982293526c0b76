"""A scratchpad of its own for each agent, beside the task that they share (B11)."""

from typing import Any

import pytest

from runs.errors import BadRequest
from runs.forks import Edit, run_fork
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import model_role, pipeline
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Played, Stage

Json = Any
NOTES = ["note", "read_notes"]


def call(name: str, **arguments: Json) -> Json:
    return Reply(tool_calls=({"name": name, "arguments": arguments},))


def crew() -> Json:
    roles = {
        name: model_role("stage", instructions=f"You are {name}.", tools=NOTES)
        for name in ("first", "second")
    }
    return pipeline(roles)


def rules() -> list[Rule]:
    """The first notes two things and reads them; the second finds nothing, and notes one."""
    mine, hers = "You are first.", "You are second."
    return [
        Rule(anywhere=mine, contains="Noted as 1", reply=call("note", text="b is blue")),
        Rule(anywhere=mine, contains="Noted as 2", reply=call("read_notes")),
        Rule(anywhere=mine, contains="b is blue", reply=Reply(text="two notes")),
        Rule(anywhere=mine, reply=call("note", text="a is amber")),
        Rule(anywhere=hers, contains="no notes yet", reply=call("note", text="mine")),
        Rule(anywhere=hers, contains="Noted as 1", reply=Reply(text="one note")),
        Rule(anywhere=hers, reply=call("read_notes")),
    ]


def told(played: Played) -> list[str]:
    """Return what the tools told, in order."""
    return [
        e["payload"]["output"]["text"]
        for e in played.entries
        if e["kind"] == "action.finished" and e["key"].rsplit("/", 1)[-1].split(".")[0] in NOTES
    ]


def test_b11_each_agent_has_notes_of_its_own(stage: Stage) -> None:
    stage.server.rules = rules()
    played = stage.play(crew())
    assert told(played) == [
        "Noted as 1.",
        "Noted as 2.",
        "1. a is amber\n2. b is blue",
        "There are no notes yet.",
        "Noted as 1.",
    ]
    written = [e for e in played.entries if e["payload"].get("type") == "state_write"]
    assert [e["agent"] for e in written] == ["first", "first", "second"]
    assert replayed(played) == len([e for e in played.entries if e["kind"] == "action.started"])


def test_notes_are_there_after_a_worker_is_lost(stage: Stage) -> None:
    stage.server.rules = rules()
    assert told(survives_kills(stage, crew(), every=8))[-1] == "Noted as 1."


def test_notes_of_one_turn_have_numbers_of_their_own(stage: Stage) -> None:
    def note(text: str) -> Json:
        return {"name": "note", "arguments": {"text": text}}

    turn = (note("a"), note("b"), note("c"), {"name": "read_notes", "arguments": {}})
    stage.server.rules = [
        Rule(anywhere="Noted as 3", reply=Reply(text="three notes")),
        Rule(anywhere="You are first.", reply=Reply(tool_calls=turn)),
    ]
    played = stage.play(crew())
    assert told(played)[:4] == ["Noted as 1.", "Noted as 2.", "Noted as 3.", "1. a\n2. b\n3. c"]


@pytest.mark.parametrize(
    ("at", "edit", "read"),
    [
        # Done again after the first note: that one is taken over, the second written anew.
        ("first/model2", {}, "1. a is amber\n2. b is blue"),
        ("first/model3", {}, "1. a is amber\n2. b is blue"),
        # Another text of a note is what is read later.
        ("first/tools/own/note", {"input": {"text": "c is cyan"}}, "1. c is cyan\n2. b is blue"),
        (
            "first/tools/own/note/state_write",
            {"output": {"number": 1, "text": "d is dark"}},
            "1. d is dark\n2. b is blue",
        ),
        ("first/tools.2/own/note", {"input": {"text": "c is cyan"}}, "1. a is amber\n2. c is cyan"),
    ],
)
def test_a_fork_has_the_notes_that_were_taken_over(
    stage: Stage, at: str, edit: Json, read: str
) -> None:
    stage.server.rules = rules()
    whole = stage.play(crew())
    made = run_fork(run=whole.run, action=at, edit=Edit(**edit), user=stage.user)
    fork = stage.go_on(made)
    assert fork.run.status == "finished", fork.error
    assert read in told(fork)
    assert replayed(fork) > 0


@pytest.mark.parametrize("output", ["x", {}, None, {"number": "one", "text": 1}])
def test_a_note_is_not_edited_into_something_else(stage: Stage, output: Json) -> None:
    stage.server.rules = rules()
    whole = stage.play(crew())
    at = "first/tools/own/note/state_write"
    with pytest.raises(BadRequest, match=r"edit\.output"):
        run_fork(run=whole.run, action=at, edit=Edit(output=output), user=stage.user)
