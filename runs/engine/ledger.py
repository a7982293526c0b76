"""The journal of one run in the hands of the worker that owns it.

Entries are gathered while the coroutines of a run go on without waiting, and written together, in
order, before the next effect on the outside world begins.
"""

import asyncio
from collections.abc import Callable

from runs.errors import RunError, RunHalted
from runs.journal import store
from runs.journal.fold import RunState, fold
from runs.journal.writer import Writer


class Ledger:
    """Writes a run's entries and keeps its state in step.

    `missed` says that somebody else has written to the journal meanwhile; `stopping`, that what is
    under way is given up to whoever takes the run over.
    """

    def __init__(self, run: str, lease: str, state: RunState, writer: Writer) -> None:
        self.run = run
        self.state = state
        self.missed = False
        self.stopping = False
        self.lost: RunError | None = None
        self.on_lost: Callable[[RunError], None] = lambda error: None
        self.on_written: Callable[[], None] = lambda: None
        self._lease = lease
        self._writer = writer
        self._gathered: list[store.NewEntry] = []
        self._flush_due = False
        self._written: asyncio.Future[None] | None = None

    def record(self, entry: store.NewEntry) -> None:
        """Take an entry; it is written at the latest when the event loop comes round."""
        self._gathered.append(entry)
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    async def written(self) -> None:
        """Wait until everything recorded so far is committed. Raises LeaseLost or RunHalted."""
        self._flush()
        if self._written is not None:
            await asyncio.shield(self._written)
        if self.lost is not None:
            raise self.lost

    def _flush(self) -> None:
        self._flush_due = False
        if not self._gathered:
            return
        batch, self._gathered = tuple(self._gathered), []
        self._written = asyncio.ensure_future(self._write(batch, self._written))
        self._written.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _write(
        self, batch: tuple[store.NewEntry, ...], before: asyncio.Future[None] | None
    ) -> None:
        gated = any(entry.gated for entry in batch)
        allowed = store.OPEN if gated else store.UNFINISHED
        done = self._writer.append(
            store.Write(run=self.run, entries=batch, lease=self._lease, allowed=allowed)
        )
        try:
            if before is not None:
                await asyncio.wait([before])
            written = await done
            self.missed |= written[0].seq != self.state.seq + 1
            fold(written, self.state)
            self.on_written()
        except RunHalted as halted:
            if halted.status != "paused" or not gated:
                self._lose(halted)
                raise
            if rest := tuple(entry for entry in batch if not entry.gated):
                await self._write(rest, None)
            raise
        except Exception as error:
            self._lose(
                error
                if isinstance(error, RunError)
                else RunError(f"The journal cannot be written: {error}")
            )
            raise

    def _lose(self, error: RunError) -> None:
        if self.lost is None:
            self.lost = error
            self.on_lost(error)
