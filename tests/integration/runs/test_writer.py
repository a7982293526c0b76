"""The one thread that writes: what one run hands in must not stop the others."""

import asyncio
from math import nan

from runs.journal import entries as e
from runs.journal import store
from runs.journal.writer import Writer
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
