"""Review and debate: one makes, one judges."""

import json
from typing import Any

import pytest

from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import document, model_role
from tests.integration.runs.kills import replayed, survives_kills
from tests.integration.runs.playing import Stage

Json = Any
NO = Reply(text=json.dumps({"approved": False, "issues": ["too long"]}))
YES = Reply(text=json.dumps({"approved": True, "issues": []}))


def pair(**fields: Json) -> Json:
    roles = {
        "writer": model_role("producer", instructions="You write."),
        "judge": model_role("reviewer", instructions="You judge."),
    }
    return document("review", roles, **fields)


def argument(*, synthesizer: bool = True, **fields: Json) -> Json:
    roles = {
        "thinker": model_role("proposer", instructions="You propose."),
        "critic": model_role("critic", instructions="You criticise."),
    }
    if synthesizer:
        roles["closer"] = model_role("synthesizer", instructions="You conclude.")
    return document("debate", roles, **fields)


def agents(stage: Stage) -> list[str]:
    words = {"You write.": "writer", "You judge.": "judge"}
    words |= {"You propose.": "thinker", "You criticise.": "critic", "You conclude.": "closer"}
    return [next(words[w] for w in words if w in call.all_text) for call in stage.server.calls]


def test_e4_work_is_revised_until_it_is_approved(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You judge.", times=1, reply=NO),
        Rule(anywhere="You judge.", reply=YES),
        Rule(anywhere="too long", reply=Reply(text="the short one")),
        Rule(reply=Reply(text="the long one")),
    ]
    played = stage.play(pair())
    assert played.output == "the short one"
    assert agents(stage) == ["writer", "judge", "writer", "judge"]
    reviews = trail.started(played.entries, "review")
    assert [review["agent"] for review in reviews] == ["judge", "judge"]
    revision = stage.server.calls[2].last_text
    assert "the long one" in revision
    assert "The task" in revision
    assert replayed(played) == len(trail.started(played.entries))


def test_e4_best_effort_after_the_last_revision(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You judge.", reply=NO),
        Rule(anywhere="version 2", reply=Reply(text="version 3")),
        Rule(anywhere="too long", reply=Reply(text="version 2")),
        Rule(reply=Reply(text="version 1")),
    ]
    played = stage.play(pair())
    assert (played.run.status, played.output) == ("finished", "version 3")
    assert agents(stage) == ["writer", "judge"] * 2 + ["writer"]
    (noted,) = trail.started(played.entries, "checkpoint")
    assert noted["payload"]["name"] == "best effort after 2 rounds"


def test_a_reviewers_own_fields_are_asked_for_with_the_verdict(stage: Stage) -> None:
    crew = pair()
    own = {"type": "object", "required": ["score"], "properties": {"score": {"type": "integer"}}}
    crew["roles"]["judge"]["returns"] = own
    both = Reply(text=json.dumps({"approved": True, "issues": [], "score": 9}))
    stage.server.rules = [
        Rule(contains="score: ", reply=both),
        Rule(anywhere="You judge.", reply=YES),
    ]
    played = stage.play(crew)
    assert played.run.status == "finished"
    (verdict,) = [e for e in played.action("review/judge") if e["kind"] == "action.finished"]
    assert verdict["payload"]["output"] == {"approved": True, "issues": [], "score": 9}
    asked = stage.server.calls[1].body["response_format"]["json_schema"]["schema"]
    assert set(asked["required"]) == {"score", "approved", "issues"}


def test_d2_a_debate_ends_on_approval_and_is_concluded(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You criticise.", times=1, reply=NO),
        Rule(anywhere="You criticise.", reply=YES),
        Rule(anywhere="You conclude.", reply=Reply(text="concluded")),
        Rule(reply=Reply(text="a proposal")),
    ]
    played = stage.play(argument())
    assert played.output == "concluded"
    assert agents(stage) == ["thinker", "critic", "thinker", "critic", "closer"]
    assert [e["agent"] for e in trail.started(played.entries, "synthesis")] == ["closer"]


@pytest.mark.usefixtures("docker_client")
def test_d2_the_critic_really_executes_the_proposal(stage: Stage) -> None:
    crew = argument(synthesizer=False)
    crew["roles"]["critic"] |= {"tools": ["run_python"], "capabilities": ["code_execution"]}
    run = {"name": "run_python", "arguments": {"code": "print(sum(range(5)), 'came out')"}}
    wrong = Reply(text=json.dumps({"approved": False, "issues": ["it prints 10"]}))
    stage.server.rules = [
        Rule(contains="10 came out", anywhere="You criticise.", times=1, reply=wrong),
        Rule(contains="it prints 10", reply=Reply(text="better")),
        Rule(contains="better", anywhere="You criticise.", reply=YES),
        Rule(anywhere="You criticise.", reply=Reply(tool_calls=(run,))),
        Rule(reply=Reply(text="print(sum(range(5)))")),
    ]
    played = stage.play(crew)
    assert played.output == "better"
    (executed,) = trail.started(played.entries, "tool_call")
    assert executed["agent"] == "critic"
    assert executed["key"].startswith("review/")
    assert agents(stage) == ["thinker", "critic", "critic", "thinker", "critic"]


def test_d2_a_debate_has_at_most_its_rounds(stage: Stage) -> None:
    stage.server.rules = [Rule(anywhere="You criticise.", reply=NO)]
    # To JSON Schema 1.0 is an integer.
    played = stage.play(argument(synthesizer=False, options={"max_rounds": 1.0}))
    assert agents(stage) == ["thinker", "critic", "thinker"]
    assert played.output == "ok"


def test_both_survive_a_kill_after_any_entry(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="second try", reply=YES),
        Rule(anywhere="You judge.", reply=NO),
        Rule(anywhere="You criticise.", reply=NO),
        Rule(anywhere="too long", reply=Reply(text="second try")),
    ]
    whole = survives_kills(stage, pair())
    assert whole.run.status == "finished"
    stage.server.rules[0].anywhere = "third try"
    survives_kills(stage, argument(), every=3)
