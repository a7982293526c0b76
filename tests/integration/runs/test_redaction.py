"""Erased payloads: gone everywhere, while the chain still verifies."""

import json

import pytest

from runs.errors import BadRequest, Conflict
from runs.export import export_lines, verify_run
from runs.journal.store import actions_rebuild
from runs.models import Action, Blob, Entry, Run
from runs.replays import run_replay
from runs.services import entry_redact
from tests.fakes.model_server import Reply, Rule
from tests.integration.runs.documents import document, model_role, steps
from tests.integration.runs.playing import Played, Stage

SECRET = "the secret word is plum"


@pytest.fixture
def told(stage: Stage) -> Played:
    """A run in which a model tells a secret, in more text than fits into a row."""
    stage.server.rules = [Rule(reply=Reply(text=SECRET + " " * 70_000 + "."))]
    return stage.play(steps(2))


def test_a_payload_is_erased_and_the_chain_holds(stage: Stage, told: Played) -> None:
    for entry in told.entries[1:]:
        if SECRET in json.dumps(entry["payload"]):
            entry_redact(run=told.run, seq=entry["seq"], user=stage.user, reason="It was private.")
            told.run.refresh_from_db()
    exported = "".join(export_lines(told.run))
    assert SECRET not in exported
    assert not Entry.objects.filter(run=told.run, payload__contains=SECRET).exists()
    assert not Action.objects.filter(run=told.run, preview__contains=SECRET).exists()
    assert not Blob.objects.filter(run=told.run).exists()
    verdict = verify_run(told.run)
    assert verdict.problems == []
    assert verdict.redacted
    assert "It was private." in exported


def test_why_is_asked_for_and_what_is_gone_is_gone(stage: Stage, told: Played) -> None:
    entry_redact(run=told.run, seq=3, user=stage.user, reason="Private.")
    with pytest.raises(BadRequest, match="no payload that can be erased"):
        entry_redact(run=told.run, seq=3, user=stage.user, reason="Again.")
    with pytest.raises(BadRequest, match="reason"):
        entry_redact(run=told.run, seq=4, user=stage.user, reason=" ")
    with pytest.raises(BadRequest, match="seq"):
        entry_redact(run=told.run, seq=10_000, user=stage.user, reason="Private.")
    why = Entry.objects.get(run=told.run, kind="redacted").seq
    with pytest.raises(BadRequest, match="no payload that can be erased"):
        entry_redact(run=told.run, seq=why, user=stage.user, reason="Not to be known.")
    assert verify_run(told.run).problems == []


def test_a_run_that_goes_on_keeps_its_payloads(stage: Stage) -> None:
    with pytest.raises(Conflict, match="once it has ended"):
        entry_redact(run=stage.start(steps(2)), seq=2, user=stage.user, reason="Private.")


def test_the_projection_is_made_anew_from_the_journal(stage: Stage, told: Played) -> None:
    columns = [field.name for field in Action._meta.fields]
    before = list(Action.objects.filter(run=told.run).order_by("seq").values(*columns))
    assert actions_rebuild(str(told.run.pk)) == len(before)
    assert list(Action.objects.filter(run=told.run).order_by("seq").values(*columns)) == before
    entry_redact(run=told.run, seq=2, user=stage.user, reason="Private.")
    assert actions_rebuild(str(told.run.pk)) == len(before)


def test_a_replay_names_what_was_erased(stage: Stage) -> None:
    turn = '{"writes": [{"key": "title", "value": "plum"}]}'
    stage.server.rules = [
        Rule(times=1, reply=Reply(text=turn)),
        Rule(reply=Reply(text='{"writes": []}')),
    ]
    writers = {name: model_role("writer") for name in ("one", "two")}
    played = stage.play(document("blackboard", writers))
    assert run_replay(played.run).identical
    for entry in played.entries[1:]:
        entry_redact(run=played.run, seq=entry["seq"], user=stage.user, reason="Private.")
    replayed = run_replay(Run.objects.get(pk=played.run.pk))
    assert not replayed.identical
    assert "entry 2 " in str(replayed.difference)
    assert "was erased" in str(replayed.difference)
