"""Several writes handed in together: each run's chain holds whatever becomes of the others."""

from uuid import uuid4

import pytest

from runs.errors import LeaseLost, RunError, RunHalted
from runs.journal import entries as e
from runs.journal import store
from runs.journal.placing import BLOB_BYTES
from runs.models import Action, Blob, Run
from tests.integration.runs import trail
from tests.integration.runs.documents import steps
from tests.integration.runs.playing import Stage

LEASE = str(uuid4())


@pytest.fixture
def runs(stage: Stage) -> list[str]:
    """Three runs that one worker owns."""
    ids = [str(stage.start(steps(2)).pk) for _ in range(3)]
    Run.objects.filter(pk__in=ids).update(lease=LEASE, status="running")
    return ids


def write(run: str, key: str, *outputs: object, lease: str = LEASE) -> store.Write:
    """Begin an action and end it once for each output: what a worker writes, more or less."""
    action = e.action_id(run, key)
    begun = e.ActionStarted(type="ask", name=key, attempt=1, input="x", input_hash=e.digest("x"))
    ended = [e.ActionFinished(output=output) for output in outputs]
    entries = tuple(store.NewEntry(payload=p, action=action, key=key) for p in (begun, *ended))
    return store.Write(run=run, entries=entries, lease=lease, allowed=store.OPEN)


def seqs(result: list[e.Entry] | RunError) -> list[int]:
    assert isinstance(result, list), result
    return [entry.seq for entry in result]


def check(runs: list[str]) -> None:
    for run in runs:
        trail.check([entry.model_dump(mode="json") for entry in store.read(run)])


def test_many_runs_at_once_and_one_of_them_twice(runs: list[str]) -> None:
    one, two, three = runs
    heads: store.Heads = {}
    ended = store.NewEntry(payload=e.RunFinished(status="finished", output="done"))
    results = store.append(
        [
            write(one, "a"),
            write(two, "a", "x" * (BLOB_BYTES + 1)),
            write(one, "b", "done"),
            store.Write(run=three, entries=(ended,), lease=LEASE),
            write(one, "c"),
        ],
        heads,
    )
    assert [seqs(result) for result in results] == [[2], [2, 3], [3, 4], [2], [5]]
    assert heads[one].seq == 5
    check(runs)
    actions = Action.objects.filter(run_id=one).order_by("seq").values_list("status", flat=True)
    assert list(actions) == ["running", "finished", "running"]
    assert Blob.objects.filter(run_id=two).count() == 1
    assert Run.objects.get(pk=three).lease is None


def test_what_somebody_else_wrote_meanwhile_is_chained_to(runs: list[str]) -> None:
    one, two, _ = runs
    heads: store.Heads = {}
    store.append([write(one, "a"), write(two, "a")], heads)
    paused = store.NewEntry(payload=e.RunPaused(), actor="user:ada@example.com")
    store.append_one(store.Write(run=one, entries=(paused,), status="running"))
    results = store.append([write(one, "b"), write(two, "b"), write(one, "c")], heads)
    assert [seqs(result) for result in results] == [[4], [3], [5]]
    check(runs)


def test_nothing_is_chained_to_what_was_refused(runs: list[str]) -> None:
    """The pause stands where the refused write would have stood, so that numbers alone fit."""
    one, two, _ = runs
    heads: store.Heads = {}
    store.append([write(one, "a"), write(two, "a")], heads)
    paused = store.NewEntry(payload=e.RunPaused(), actor="user:ada@example.com")
    store.append_one(store.Write(run=one, entries=(paused,), status="paused"))
    action = e.action_id(one, "a")
    end = store.NewEntry(payload=e.ActionFinished(output=1), action=action, key="a")
    late = store.Write(run=one, entries=(end,), lease=LEASE)
    refused, other, written = store.append([write(one, "b"), write(two, "b"), late], heads)
    assert isinstance(refused, RunHalted)
    assert [seqs(other), seqs(written)] == [[3], [4]]
    check(runs)


def test_a_lost_lease_writes_nothing_and_stops_no_other(runs: list[str]) -> None:
    one, two, three = runs
    Run.objects.filter(pk=one).update(lease=uuid4())
    gone = str(uuid4())
    lost, fine, none = store.append([write(one, "a"), write(two, "a"), write(gone, "a")])
    assert isinstance(lost, LeaseLost)
    assert isinstance(none, LeaseLost)
    assert seqs(fine) == [2]
    assert [Run.objects.get(pk=run).seq for run in runs] == [1, 2, 1]
    assert not Action.objects.filter(run_id=one).exists()
    check([one, two, three])
