"""Forks: what precedes is taken over, what follows runs; restarts after a failure."""

from typing import Any

import pytest

from runs.errors import BadRequest, Conflict
from runs.forks import Edit, run_fork, run_restart
from runs.models import Run
from runs.services import entry_redact, run_cancel
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs import documents, trail
from tests.integration.runs.kills import Killed, replayed
from tests.integration.runs.playing import Played, Stage

Json = Any


def numbered(stage: Stage) -> None:
    """Let each step answer with its own name, so that results tell where they come from."""
    stage.server.rules = [
        Rule(anywhere=f"You are step {n}.", reply=Reply(text=f"result {n}")) for n in range(9)
    ]


def find(played: Played, key: str) -> str:
    return str(next(e["action"] for e in played.entries if e["key"] == key))


def fork(stage: Stage, played: Played, key: str, **edit: Json) -> Played:
    made = run_fork(run=played.run, action=find(played, key), edit=Edit(**edit), user=stage.user)
    stage.server.calls.clear()
    return stage.go_on(made)


def test_only_what_follows_is_called(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(6))
    again = fork(stage, whole, "s3/model1")
    assert len(stage.server.calls) == 3
    assert again.output == whole.output
    assert replayed(again) == replayed(whole)
    origin = again.entries[0]["payload"]["origin"]
    assert (origin["run"], origin["key"]) == (str(whole.run.pk), "s3/model1")
    assert origin["action"] == find(whole, "s3/model1")
    taken = [e for e in again.entries if "taken" in (e["payload"] or {})]
    assert [e["seq"] for e in taken] == list(range(2, origin["entries"] + 2))
    assert all(e["payload"]["taken"]["run"] == str(whole.run.pk) for e in taken)
    assert again.run.origin == whole.run
    assert again.run.tokens < whole.run.tokens
    assert again.run.actions < whole.run.actions


def test_an_edited_output_is_what_the_next_one_gets(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(3))
    again = fork(stage, whole, "s1", output="something else")
    assert [call for call in stage.server.calls if "something else" in call.all_text]
    assert len(stage.server.calls) == 1
    assert again.run.status == "finished"
    assert replayed(again) > 0


@pytest.mark.parametrize(
    ("key", "edit"),
    [
        ("s1", {"input": "An edited task"}),
        ("s1/model1", {"input": "An edited task"}),
        ("handoff-s0-s1", {"input": {"payload": "An edited task"}}),
        ("s1/model1", {"output": "An edited task"}),
        ("s1/model1", {"instructions": "An edited task"}),
    ],
)
def test_an_edit_holds_from_the_action_on(stage: Stage, key: str, edit: Json) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(3))
    again = fork(stage, whole, key, **edit)
    assert again.run.status == "finished", again.error
    assert any("An edited task" in call.all_text for call in stage.server.calls)
    assert not any("You are step 0." in call.all_text for call in stage.server.calls)
    assert replayed(again) > 0


def test_another_model_holds_from_the_action_on(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(3))
    again = fork(stage, whole, "s2", model=documents.ANTHROPIC)
    assert [call.wire for call in stage.server.calls] == ["anthropic"]
    assert again.output == whole.output
    assert replayed(again) > 0


def test_a_fork_is_forked(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(4))
    first = fork(stage, whole, "s1", input="An edited task")
    second = fork(stage, first, "s3/model1", instructions="Other words")
    assert len(stage.server.calls) == 1
    assert second.run.status == "finished"
    assert second.entries[0]["payload"]["origin"]["root"] == str(whole.run.pk)
    assert replayed(second) > 0
    earlier = fork(stage, first, "s0")
    assert len(stage.server.calls) == 4
    assert not any("An edited task" in call.all_text for call in stage.server.calls)
    assert replayed(earlier) > 0


def test_a_failed_pipeline_goes_on_from_its_last_checkpoint(stage: Stage) -> None:
    numbered(stage)
    refusal = Rule(anywhere="You are step 2.", status=401)
    stage.server.rules.insert(0, refusal)
    failed = stage.play(documents.steps(4))
    assert failed.run.status == "failed"
    stage.server.rules.remove(refusal)
    stage.server.calls.clear()
    again = stage.go_on(run_restart(run=failed.run, user=stage.user))
    assert again.run.status == "finished"
    assert again.output == "result 3"
    assert len(stage.server.calls) == 2
    assert replayed(again) > 0
    with pytest.raises(Conflict):
        run_restart(run=again.run, user=stage.user)


def test_a_failure_that_the_crew_went_on_after_is_not_undone(stage: Stage) -> None:
    numbered(stage)
    broken = [
        Rule(anywhere="You are coder.", status=401),
        Rule(anywhere="You lead.", contains="coder", status=401),
    ]
    stage.server.rules = [
        broken[0],
        Rule(
            anywhere="You lead.",
            times=1,
            reply=Reply(tool_calls=(documents.delegate("coder", "Write it"),)),
        ),
        broken[1],
        Rule(reply=Reply(text="done without it")),
    ]
    failed = stage.play(documents.desk())
    assert failed.run.status == "failed"
    stage.server.rules.remove(broken[1])
    stage.server.calls.clear()
    again = stage.go_on(run_restart(run=failed.run, user=stage.user))
    assert again.output == "done without it"
    assert len(stage.server.calls) == 1
    assert replayed(again) > 0


def test_a_cancelled_run_goes_on_as_a_new_one(stage: Stage) -> None:
    numbered(stage)
    run = stage.start(documents.steps(3))
    stage.server.rules.insert(0, Rule(anywhere="You are step 1.", times=1, status=401))
    failed = stage.go_on(run)
    again = run_restart(run=failed.run, user=stage.user)
    run_cancel(run=again, user=stage.user)
    again.refresh_from_db()
    stage.server.calls.clear()
    last = stage.go_on(run_restart(run=again, user=stage.user))
    assert last.output == "result 2"
    assert len(stage.server.calls) == 2


def test_what_was_erased_cannot_be_taken_over(stage: Stage) -> None:
    whole = stage.play(documents.steps(3))
    entry = next(e for e in whole.entries if e["key"] == "s0/model1")
    entry_redact(run=whole.run, seq=entry["seq"], user=stage.user, reason="It named somebody.")
    with pytest.raises(BadRequest, match="was erased"):
        run_fork(run=whole.run, action=find(whole, "s2"), edit=Edit(), user=stage.user)
    whole.run.refresh_from_db()
    assert run_fork(run=whole.run, action=find(whole, "s0"), edit=Edit(), user=stage.user)


def test_an_erasure_reaches_what_forks_took_over(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(3))
    first = fork(stage, whole, "s2")
    second = fork(stage, first, "s2")
    entry = next(
        e for e in whole.entries if e["key"] == "s0/model1" and e["kind"] == "action.finished"
    )
    entry_redact(run=whole.run, seq=entry["seq"], user=stage.user, reason="It named somebody.")
    for played in (whole, first, second):
        again = stage.read(played.run)
        (erased,) = [e for e in again.entries if e["payload"] is None]
        assert erased["key"] == "s0/model1"


def test_an_erasure_waits_for_forks_that_go_on(stage: Stage) -> None:
    whole = stage.play(documents.steps(2))
    run_fork(run=whole.run, action=find(whole, "s1"), edit=Edit(), user=stage.user)
    entry = next(e for e in whole.entries if e["key"] == "s0/model1")
    with pytest.raises(Conflict):
        entry_redact(run=whole.run, seq=entry["seq"], user=stage.user, reason="Private.")
    assert all(e["payload"] is not None for e in stage.read(whole.run).entries)


def test_limits_hold_for_what_the_fork_does_itself(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(4, limits={"calls": 4}))
    assert whole.run.status == "finished"
    again = fork(stage, whole, "s1")
    assert again.run.status == "finished", again.error
    assert again.entries[-1]["payload"]["totals"]["taken"]["calls"] == 1
    assert again.run.cost_usd < whole.run.cost_usd


WRITES = (
    "import json, pathlib\np = pathlib.Path('notes.txt')\n"
    "old = p.read_text() if p.exists() else ''\np.write_text(old + 'LINE ')\n"
    "print(json.dumps(p.read_text()))"
)


@pytest.mark.usefixtures("docker_client")
def test_files_are_as_they_were_at_the_action(stage: Stage) -> None:
    shared = {"shared": "desk"}
    roles = {
        name: documents.code_role("stage", WRITES.replace("LINE", name), sandbox=shared)
        for name in ("one", "two", "three")
    }
    whole = stage.play(documents.pipeline(roles))
    assert whole.output == "one two three "
    again = fork(stage, whole, "two")
    assert again.output == "one two three "
    skipping = fork(stage, whole, "two", output="said by a person")
    assert skipping.output == "one three "


def test_the_same_key_makes_one_fork(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(2))
    at = find(whole, "s1")
    made = [
        run_fork(run=whole.run, action=at, edit=Edit(), user=stage.user, idempotency_key="once")
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert Run.objects.filter(origin=whole.run).count() == 1
    with pytest.raises(Conflict):
        run_fork(
            run=whole.run, action=at, edit=Edit(output="x"), user=stage.user, idempotency_key="once"
        )


@pytest.mark.parametrize(
    ("key", "edit", "field"),
    [
        ("s1", {"output": {"a": 1}}, "edit.output"),
        ("s1/model1", {"output": {"txt": "a"}}, "edit.output.txt"),
        ("s1/model1", {"input": {"messages": []}}, "edit.input.messages"),
        ("s1", {"input": {"task": "x", "given": 3}}, "edit.input.given"),
        ("s1", {"input": {"task": "x", "more": 3}}, "edit.input.more"),
        ("handoff-s0-s1", {"output": {"passed": True}}, "edit.output"),
        ("s1", {"model": {"provider": "nobody"}}, "edit.model"),
        ("s1", {"instructions": "x", "role": "nobody"}, "edit.role"),
        ("s1", {"output": "x", "input": "y"}, "edit"),
        ("s1", {"output": "\ud800"}, "edit"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(
    stage: Stage, key: str, edit: Json, field: str
) -> None:
    whole = stage.play(documents.steps(2))
    with pytest.raises(BadRequest) as refused:
        run_fork(run=whole.run, action=find(whole, key), edit=Edit(**edit), user=stage.user)
    assert str(refused.value).startswith(field)
    assert Run.objects.count() == 1


def test_a_fork_survives_kills(stage: Stage) -> None:
    numbered(stage)
    whole = stage.play(documents.steps(4))
    calm = fork(stage, whole, "s2")
    for after in range(calm.run.taken + 2, len(calm.entries)):
        made = run_fork(run=whole.run, action="s2", edit=Edit(), user=stage.user)
        again = Killed(stage, after).go_on(made)
        assert again.output == calm.output, after
        assert replayed(again) == replayed(calm), after
        assert len(trail.started(again.entries)) == len(trail.started(calm.entries)), after
