"""What follows a failure: a simpler approach, a failure handler, what was written until then
(A11, B7, B9, D7)."""

from typing import Any

import pytest

from crews.spec import CrewSpec
from runs.engine.budget import Budget
from runs.journal.fold import fold
from runs.journal.store import read
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import trail
from tests.integration.runs.documents import delegate, desk, document, model_role, pipeline
from tests.integration.runs.kills import survives_kills
from tests.integration.runs.playing import Stage

Json = Any
COUNT = {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}
HANDLER = model_role("failure_handler", instructions="You are the handler.")


def counter(**fields: Json) -> Json:
    limits = {"retries": 1, **fields.pop("limits", {})}
    return model_role("stage", instructions="You count.", returns=COUNT, limits=limits, **fields)


def line(first: Json, **more: Json) -> Json:
    """A pipeline of a role that may fail and one that goes on, with further roles beside it."""
    made = pipeline({"first": first, "last": model_role("stage", instructions="You end.")})
    return {**made, "roles": {**made["roles"], **more}}


def test_b9_after_retries_a_role_takes_its_simpler_approach(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="Just guess.", reply=Reply(text='{"count": 3}')),
        Rule(anywhere="You count.", reply=Reply(text="many")),
        Rule(anywhere="You end.", reply=Reply(text="three")),
    ]
    played = survives_kills(stage, line(counter(fallback_instructions="Just guess.")), every=3)
    assert played.output == "three"
    (simpler,) = [e for e in trail.started(played.entries) if e["key"] == "first/simpler"]
    assert "not valid" in simpler["payload"]["input"]["after"]["message"]
    asked = next(call for call in stage.server.calls if "Just guess." in call.all_text)
    assert "You count." not in asked.all_text
    assert "what went wrong" in asked.all_text


def test_a11_what_keeps_failing_goes_to_the_failure_handler(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are the handler.", reply=Reply(text='{"count": 7}')),
        Rule(anywhere="You count.", reply=Reply(text="many")),
        Rule(anywhere="You end.", reply=Reply(text="seven")),
    ]
    crew = line(counter(fallback_instructions="Just guess."), fixer=HANDLER)
    stage.server.rules.insert(1, Rule(anywhere="Just guess.", reply=Reply(text="no idea")))
    played = survives_kills(stage, crew, every=4)
    assert played.output == "seven"
    keys = [e["key"] for e in trail.started(played.entries, "ask")]
    assert keys == ["first", "first/simpler", "first/fixer", "last"]
    asked = next(c for c in stage.server.calls if "You are the handler." in c.all_text)
    assert "The role 'first' failed" in asked.last_text
    assert "data-" in asked.last_text


def test_a11_a_failing_provider_is_handed_on_as_well_and_a_failing_handler_ends_it(
    stage: Stage,
) -> None:
    stage.server.rules = [Rule(status=400, message="no")]
    played = stage.play(line(counter(), fixer=HANDLER))
    assert played.run.status == "failed"
    assert played.error["role"] == "first"
    assert "You count." in stage.server.calls[0].all_text
    assert "You are the handler." in stage.server.calls[-1].all_text


def test_a_limit_that_is_reached_is_no_matter_of_another_approach(stage: Stage) -> None:
    stage.server.rules = [Rule(reply=Reply(text="many"))]
    first = counter(fallback_instructions="Just guess.", limits={"calls": 1})
    crew = line(first, fixer=HANDLER) | {"limits": {"on_reached": "end"}}
    played = stage.play(crew)
    assert played.run.status == "failed"
    assert played.error["kind"] == "budget"
    assert len(stage.server.calls) == 1


@pytest.mark.parametrize("handled", [True, False])
def test_a_handler_comes_before_a_person(stage: Stage, handled: bool) -> None:
    """Where the contract says that an invalid result goes to a person, the handler is first."""
    stage.server.rules = [
        Rule(anywhere="You are the handler.", reply=Reply(text='{"count": 1}' if handled else "?")),
        Rule(anywhere="You end.", reply=Reply(text="done")),
        Rule(reply=Reply(text="many")),
    ]
    crew = line(counter(), fixer={**HANDLER, "limits": {"retries": 0}})
    crew["handoffs"][0] |= {"schema": COUNT, "on_invalid": {"retries": 0, "then": "escalate"}}
    played = stage.play(crew)
    assert played.run.status == ("finished" if handled else "waiting")


def test_b9_what_was_written_until_the_time_ran_out_is_kept_and_told(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You lead.", times=1, reply=Reply(tool_calls=(delegate("coder", "do it"),))),
        Rule(anywhere="You lead.", reply=Reply(text="with what there was")),
        Rule(
            anywhere="You are coder",
            fault="hang",
            after=4,
            reply=Reply(text="The first finding is this. " + "And more of it. " * 200),
        ),
    ]
    coder = model_role("worker", instructions="You are coder.", limits={"seconds": 4})
    played = stage.play(desk({"coder": coder}))
    assert played.output == "with what there was"
    failed = [e for e in played.entries if e["kind"] == "action.failed"]
    kept = [e["payload"]["error"].get("partial_text", "") for e in failed]
    assert len(kept) == 3  # The call, the ask and the delegation.
    assert all(text.startswith("The first finding") for text in kept), kept
    state = fold(read(str(played.run.pk)))
    given_up = next(a for a in state.actions.values() if (a.error or {}).get("given_up"))
    document = CrewSpec.model_validate((state.started or {})["document"])
    used = Budget.of(document, state).run.used.tokens
    assert given_up.reserved is not None
    # Nobody knows what it cost, so a worker that takes over counts all that was set aside.
    assert used == state.tokens + given_up.reserved["tokens"]
    assert given_up.cost_usd is None
    assert state.unpriced
    told = stage.server.calls[-1].all_text
    assert "took longer than its 4 seconds" in told
    assert "written until then" in told
    assert "The first finding" in told


def test_c6_d7_a_slow_specialist_leaves_the_merger_what_it_had(stage: Stage) -> None:
    stage.server.rules = [
        Rule(
            anywhere="You are slow",
            fault="hang",
            after=4,
            reply=Reply(text="half a thought " * 200),
        ),
        Rule(anywhere="You are quick", reply=Reply(text="a whole thought")),
        Rule(anywhere="You merge", reply=Reply(text="merged")),
    ]
    roles = {
        "slow": model_role("specialist", instructions="You are slow.", limits={"seconds": 4}),
        "quick": model_role("specialist", instructions="You are quick."),
        "merger": model_role("merger", instructions="You merge."),
    }
    played = stage.play(document("parallel", roles))
    assert played.output == "merged"
    told = stage.server.calls[-1].all_text
    for part in ("a whole thought", "half a thought", '"complete": false', '"missing"'):
        assert part in told


def test_d7_branches_have_a_time_of_their_own(stage: Stage) -> None:
    stage.server.rules = [
        Rule(anywhere="You are slow", latency_ms=20_000),
        Rule(anywhere="You merge", reply=Reply(text="merged")),
    ]
    roles = {
        "slow": model_role("specialist", instructions="You are slow."),
        "quick": model_role("specialist", instructions="You are quick."),
        "merger": model_role("merger", instructions="You merge."),
    }
    played = stage.play(document("parallel", roles, limits={"branch": {"seconds": 6}}))
    assert played.output == "merged"
    assert "The branch took longer than its 6 seconds." in stage.server.calls[-1].all_text
