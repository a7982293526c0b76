"""What can be asked of a run: compare, why, provenance, analysis, replay."""

from typing import Any

import pytest
from django.core.management import call_command

from runs.analysis import analyze, messages
from runs.comparison import compare
from runs.forks import Edit, run_fork
from runs.journal.entries import Entry
from runs.journal.fold import fold
from runs.provenance import Part, provenance
from runs.replays import run_replay
from runs.why import Reasons, action_asked
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import documents
from tests.integration.runs.playing import Played, Stage

Json = Any
FOUND = "The tower was finished in the spring of 1889 after two years of work."
OPINION = "Critics first hated it, and then they came to love what they saw every day."


def state(played: Played) -> Any:
    return fold(Entry.model_validate(entry) for entry in played.entries)


def parts(played: Played) -> list[Part]:
    return provenance(state(played))


def tower(stage: Stage) -> Played:
    """A researcher and a critic in a row, and a writer who takes from both."""
    text = f"{FOUND}\n\n{OPINION}\n\nSo ends our little story about it."
    stage.server.rules = [
        Rule(anywhere="You research.", reply=Reply(text=FOUND)),
        Rule(anywhere="You judge.", reply=Reply(text=f"{FOUND} {OPINION}")),
        Rule(anywhere="You write.", reply=Reply(text=text)),
    ]
    roles = {
        name: documents.model_role("stage", instructions=words)
        for name, words in (
            ("finder", "You research."),
            ("judge", "You judge."),
            ("writer", "You write."),
        )
    }
    return stage.play(documents.pipeline(roles), "Tell me about the tower")


def test_each_paragraph_of_an_answer_names_who_first_said_it(stage: Stage) -> None:
    told = [(part.agent, part.match) for part in parts(tower(stage))]
    assert told == [("finder", "exact"), ("judge", "exact"), ("writer", "exact")]


def test_each_field_of_an_answer_names_who_first_made_it(stage: Stage) -> None:
    schema = {
        "type": "object",
        "required": ["year", "facts"],
        "properties": {
            "year": {"type": "integer"},
            "facts": {"type": "array", "items": {"type": "string"}},
        },
    }
    stage.server.rules = [
        Rule(anywhere="You research.", reply=Reply(text='{"year": 1889, "facts": ["It is tall"]}')),
        Rule(
            anywhere="You write.",
            reply=Reply(
                text='{"year": 1889, "facts": ["It is tall", "Tell me about towers", "It is old"]}'
            ),
        ),
    ]
    roles = {
        "finder": documents.model_role("stage", instructions="You research.", returns=schema),
        "writer": documents.model_role("stage", instructions="You write.", returns=schema),
    }
    played = stage.play(documents.pipeline(roles), "Tell me about towers, please")
    told = {part.path: (part.agent, part.match) for part in parts(played)}
    assert told == {
        "year": ("finder", "exact"),
        "facts[0]": ("finder", "exact"),
        "facts[1]": ("", "given"),
        "facts[2]": ("writer", "exact"),
    }


def test_why_names_what_an_action_was_given_and_its_cost(stage: Stage) -> None:
    played = tower(stage)
    reasons = Reasons(state(played))
    writing = next(e["action"] for e in played.entries if e["key"] == "writer/model1")
    steps = reasons.of(writing)
    assert [(s.key, s.relation) for s in steps[:2]] == [
        ("writer/model1", "self"),
        ("writer", "within"),
    ]
    given = {s.key: s for s in steps if s.relation == "given"}
    assert set(given) == {"judge", "finder"}
    assert given["judge"].to == writing
    assert given["finder"].to == given["judge"].action
    assert all(s.cost_usd is not None for s in steps)


def test_why_an_orchestrator_answered_names_what_it_delegated(stage: Stage) -> None:
    stage.server.rules = [
        Rule(
            anywhere="You lead.",
            times=1,
            reply=Reply(tool_calls=(documents.delegate("coder", "Look it up"),)),
        ),
        Rule(anywhere="You lead.", reply=Reply(text="It is an old tower.")),
        Rule(reply=Reply(text=FOUND)),
    ]
    told = state(stage.play(documents.desk()))
    answered = action_asked(told, "")
    assert answered is not None
    steps = Reasons(told).of(answered)
    assert [(s.agent, s.type, s.relation) for s in steps] == [
        ("lead", "ask", "self"),
        ("coder", "ask", "given"),
    ]
    assert steps[1].to == answered


def test_a_run_is_compared_with_its_fork(stage: Stage) -> None:
    whole = tower(stage)
    at = next(e["action"] for e in whole.entries if e["key"] == "judge")
    made = run_fork(run=whole.run, action=at, edit=Edit(output="Nobody cares."), user=stage.user)
    stage.go_on(made)
    found = compare(whole.run, made)
    differing = {row.key: row.differs for row in found.different}
    assert found.first == "judge"
    assert differing["judge"] == ["output"]
    assert differing["judge/model1"] == ["only_a"]
    assert "finder" not in differing
    assert differing["writer"] == ["input"]
    assert found.same_output
    assert found.b.taken_calls == 1
    assert found.b.calls == 1


def test_a_replay_makes_no_call_and_finds_nothing_else(stage: Stage) -> None:
    played = tower(stage)
    stage.server.calls.clear()
    replayed = run_replay(played.run)
    assert (replayed.identical, replayed.difference) == (True, None)
    assert replayed.commitments == len(played.entries)
    assert stage.server.calls == []


def test_the_analysis_counts_what_a_fork_did_itself(stage: Stage) -> None:
    whole = tower(stage)
    at = next(e["action"] for e in whole.entries if e["key"] == "writer")
    made = run_fork(run=whole.run, action=at, edit=Edit(), user=stage.user)
    stage.go_on(made)
    assert {r.agent: (r.calls, r.succeeded, r.failed) for r in analyze([made])} == {
        "writer": (1, 1, 0)
    }
    assert sum(r.calls for r in analyze([whole.run, made])) == 4


@pytest.mark.parametrize("text", ["x", "0198c0de-0000-7000-8000-000000000000"])
def test_a_run_that_cannot_be_analysed_is_named(
    stage: Stage, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("analyze_runs", text)
    assert ended.value.code == 2
    assert f"there is no run '{text}'" in capsys.readouterr().err


def test_no_message_is_dropped(stage: Stage) -> None:
    turn = '{"writes": [{"key": "KEY", "value": "some words"}]}'
    stage.server.rules = [
        Rule(anywhere=f"You are {name}.", times=1, reply=Reply(text=turn.replace("KEY", name)))
        for name in ("one", "two")
    ] + [Rule(reply=Reply(text='{"writes": []}'))]
    roles = {
        name: documents.model_role("writer", instructions=f"You are {name}.")
        for name in ("one", "two")
    }
    played = stage.play(documents.document("blackboard", roles))
    assert played.run.status == "finished", played.error
    report = messages([played.run])
    assert (report.sent, report.read, report.dropped) == (2, 2, 0)
