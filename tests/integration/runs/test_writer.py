"""The one thread that writes: what one run hands in must not stop the others."""

import asyncio
from math import nan
from threading import Event

import pytest

from runs.engine import lease
from runs.engine.ledger import Ledger
from runs.errors import RunHalted
from runs.journal import entries as e
from runs.journal import store
from runs.journal.fold import fold
from runs.journal.placing import Head
from runs.journal.writer import Writer
from runs.services import run_pause
from tests.integration.runs.documents import steps
from tests.integration.runs.playing import Stage


def test_a_payload_that_cannot_be_written_stops_no_other_run(stage: Stage) -> None:
    runs = [str(stage.start(steps(2)).pk) for _ in range(3)]

    def write(run: str, output: object) -> store.Write:
        finished = e.ActionFinished(output=output)
        entry = store.NewEntry(payload=finished, action=e.action_id(run, "x"), key="x")
        return store.Write(run=run, entries=(entry,))

    async def work() -> None:
        writer = Writer()
        values = [1, nan, "fine"]
        done = [writer.append(write(*pair)) for pair in zip(runs, values, strict=True)]
        good, bad, other = await asyncio.wait_for(asyncio.gather(*done, return_exceptions=True), 10)
        assert isinstance(bad, ValueError)
        assert isinstance(good, list)
        assert isinstance(other, list)
        assert [good[0].seq, other[0].seq] == [2, 2]
        assert (await asyncio.wait_for(writer.append(write(runs[0], 2)), 10))[0].seq == 3
        writer.close()

    asyncio.run(work())


def test_an_intention_that_was_refused_is_told_whatever_is_written_after_it(stage: Stage) -> None:
    run = stage.start(steps(2))
    begins = e.ActionStarted(type="ask", name="x", attempt=1, input=None, input_hash="")
    intention = store.NewEntry(payload=begins, action=e.action_id(str(run.pk), "x"), gated=True)
    result = store.NewEntry(
        payload=e.ActionFinished(output=1), action=e.action_id(str(run.pk), "y")
    )
    lease.claim(str(run.pk))
    run.refresh_from_db()
    run_pause(run=run, user=stage.user)

    async def work() -> None:
        writer = Writer()
        state = fold(await writer.call(lambda: store.read(str(run.pk))))
        ledger = Ledger(str(run.pk), str(run.lease), state, writer)
        ledger.record(result)
        ledger.record(intention)
        told = asyncio.ensure_future(ledger.written())
        # As when something else ends in the same moment.
        asyncio.get_running_loop().call_soon(ledger.flush)
        asyncio.get_running_loop().call_soon(ledger.record, result)
        with pytest.raises(RunHalted):
            await asyncio.wait_for(told, 10)
        assert ledger.lost is None
        writer.close()

    asyncio.run(work())
    assert [entry.kind for entry in store.read(str(run.pk))].count("action.started") == 0


def test_what_is_handed_in_while_totals_are_made_counts_as_well(stage: Stage) -> None:
    run = stage.start(steps(2))
    lease.claim(str(run.pk))
    run.refresh_from_db()
    begins = e.ActionStarted(type="ask", name="x", attempt=1, input=None, input_hash="")

    def begun(key: str) -> store.NewEntry:
        return store.NewEntry(payload=begins, action=e.action_id(str(run.pk), key), key=key)

    async def work() -> None:
        writer = Writer()
        state = fold(await writer.call(lambda: store.read(str(run.pk))))
        ledger = Ledger(str(run.pk), str(run.lease), state, writer)
        held = Event()
        writer.call(held.wait)
        ledger.record(begun("x"))
        ledger.flush()
        writer.call(held.wait)  # With what is before it, without what is behind it.
        ahead = asyncio.ensure_future(ledger.ahead())
        await asyncio.sleep(0)
        ledger.record(begun("y"))
        ledger.flush()
        ledger.record(begun("z"))
        held.set()
        keys = {action.key for action in (await asyncio.wait_for(ahead, 10)).actions.values()}
        assert keys == {"x", "y", "z"}
        writer.close()

    asyncio.run(work())


def test_an_entry_that_is_not_the_last_any_more_does_no_harm(stage: Stage) -> None:
    run = str(stage.start(steps(2)).pk)
    finished = e.ActionFinished(output=1)
    entry = store.NewEntry(payload=finished, action=e.action_id(run, "x"), key="x")
    write = store.Write(run=run, entries=(entry,))
    (first,) = store.read(run)
    (second,) = store.append_one(write)

    async def work() -> None:
        writer = Writer()
        writer.expect(run, Head(first.seq, first.hash))
        (third,) = await asyncio.wait_for(writer.append(write), 10)
        assert (third.seq, third.prev_hash) == (3, second.hash)
        writer.close()

    asyncio.run(work())
