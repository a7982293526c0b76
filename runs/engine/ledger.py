"""The journal of one run in the hands of the worker that owns it.

Entries are gathered while the coroutines of a run go on without waiting, and written together, in
order, before the next effect on the outside world begins.
"""

import asyncio
from collections.abc import Callable

from runs.errors import RunError, RunHalted
from runs.journal import store
from runs.journal.entries import Entry
from runs.journal.fold import RunState, ahead, fold
from runs.journal.placing import Head, place
from runs.journal.writer import Writer

# What has happened is written together with what follows at once.
GATHER_S = 0.01


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
        self._flush_due: asyncio.TimerHandle | None = None
        # Of what is gathered, and of what was handed to the writer last.
        self._next: asyncio.Future[None] | None = None
        self._written: asyncio.Future[None] | None = None
        self._rest: asyncio.Future[None] | None = None

    def record(self, entry: store.NewEntry) -> None:
        """Take an entry; it is written within `GATHER_S`."""
        if not self._gathered:
            loop = asyncio.get_running_loop()
            self._flush_due = loop.call_later(GATHER_S, self.flush)
            self._next = loop.create_future()
            self._next.add_done_callback(lambda told: told.cancelled() or told.exception())
        self._gathered.append(entry)

    async def written(self) -> None:
        """Wait until everything recorded so far is committed. Raises LeaseLost or RunHalted."""
        if self._gathered:
            written = self._next
            # What begins beside this goes along.
            await asyncio.sleep(0)
            self.flush()
        else:
            written = self._written
        await self._settled(written)

    async def ahead(self) -> RunState:
        """Return the state as it will be once everything recorded so far is committed. Raises
        LeaseLost or RunHalted."""
        await self._settled(handed_in := self._written)
        while handed_in is not self._written:  # More was handed in meanwhile.
            await self._settled(handed_in := self._written)
        write = store.Write(run=self.run, entries=tuple(self._gathered))
        return ahead(self.state, place(write, Head(self.state.seq, "")).entries)

    async def _settled(self, written: asyncio.Future[None] | None) -> None:
        if written is not None:
            await asyncio.shield(written)
        if self._rest is not None:
            await asyncio.wait([self._rest])
        if self.lost is not None:
            raise self.lost

    def flush(self) -> None:
        """Hand over to the writer what has been recorded."""
        if self._gathered and self._flush_due and self._next:
            self._flush_due.cancel()
            batch, self._gathered = tuple(self._gathered), []
            self._written = self._next
            self._write(batch, self._next)

    def _write(
        self,
        batch: tuple[store.NewEntry, ...],
        told: asyncio.Future[None],
        refused: RunHalted | None = None,
    ) -> None:
        """Hand entries to the writer, which answers in the order of the calls; then tell how it
        went, or what was `refused` before."""
        allowed = store.OPEN if any(entry.gated for entry in batch) else store.UNFINISHED
        write = store.Write(run=self.run, entries=batch, lease=self._lease, allowed=allowed)
        done = self._writer.append(write)
        done.add_done_callback(lambda done: self._settle(done, batch, told, refused))

    def _settle(
        self,
        done: asyncio.Future[list[Entry]],
        batch: tuple[store.NewEntry, ...],
        told: asyncio.Future[None],
        refused: RunHalted | None,
    ) -> None:
        try:
            self._take_in(done.result())
            error: Exception | None = refused
        except RunHalted as halted:
            error = halted
            rest = tuple(entry for entry in batch if not entry.gated)
            if halted.status != "paused" or len(rest) == len(batch):
                self._lose(halted)
            elif rest:
                # Behind what has been handed in meanwhile.
                self._rest = told
                self._write(rest, told, halted)
                return
        except Exception as failed:  # noqa: BLE001 (told to whoever waits)
            error = failed
            wrong = f"The journal cannot be written: {failed}"
            self._lose(failed if isinstance(failed, RunError) else RunError(wrong))
        if error is None:
            told.set_result(None)
        else:
            told.set_exception(error)

    def _take_in(self, written: list[Entry]) -> None:
        self.missed |= written[0].seq != self.state.seq + 1
        fold(written, self.state)
        self.on_written()

    def _lose(self, error: RunError) -> None:
        if self.lost is None:
            self.lost = error
            self.on_lost(error)
